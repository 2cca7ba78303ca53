import type { Db } from '../../database/open.ts'
import type { Role } from './roles.ts'

type Invited = { workspaceId: string; email: string; now: Date }

/** Uses up the open invite to an e-mail address, for somebody who has shown otherwise that they are its owner. */
// scope: whoever calls this knows who was invited. no event: joining the workspace is one, recorded there.
export const takeInviteOf = async (
  tx: Db,
  { workspaceId, email, now }: Invited,
): Promise<{ id: string; role: Role } | null> => {
  const row = await tx
    .updateTable('invites')
    .set({ accepted_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('email', '=', email)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['id', 'role'])
    .executeTakeFirst()
  // The column's check allows the roles alone.
  return row ? { id: row.id, role: row.role as Role } : null
}
