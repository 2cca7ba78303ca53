import type { Db } from '../../database/open.ts'

export type Role = 'owner' | 'admin' | 'developer' | 'agent' | 'viewer'

/** Makes a user a member of a workspace. */
// no event: only the first owner is made this way, together with the workspace.
// scope: only the server itself makes the first owner.
export const addMember = async (
  tx: Db,
  member: { workspaceId: string; userId: string; role: Role; now: Date },
): Promise<void> => {
  await tx
    .insertInto('members')
    .values({ workspace_id: member.workspaceId, user_id: member.userId, role: member.role, created_at: member.now })
    .execute()
}
