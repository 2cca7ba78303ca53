import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'

/** Withdraws whatever invite to an e-mail address is still open. `email` is in its normal form. */
// scope: the verbs that call this have checked theirs. no event: nobody was let in, and nobody is put out.
export const revokeOpenInvites = async (ctx: Ctx, tx: Db, email: string): Promise<void> => {
  await tx
    .updateTable('invites')
    .set({ revoked_at: ctx.clock.now() })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('email', '=', email)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .execute()
}
