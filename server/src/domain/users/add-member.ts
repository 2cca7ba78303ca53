import type { Db } from '../../database/open.ts'
import type { Role } from './roles.ts'

/** Makes a user a member of a workspace. */
// no event: whoever calls this records it, but for the first owner, who is made together with the workspace.
// scope: only the server itself makes the first owner; others come by an invite.
export const addMember = async (
  tx: Db,
  member: { workspaceId: string; userId: string; role: Role; now: Date },
): Promise<void> => {
  await tx
    .insertInto('members')
    .values({ workspace_id: member.workspaceId, user_id: member.userId, role: member.role, created_at: member.now })
    .execute()
}
