import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { type Ctx, requireUser } from '../context.ts'

/** Ends one session of the caller, with all its tokens. Ending an ended one changes nothing and succeeds. */
// no event: how a person signs in is theirs, not the workspace's.
export const revokeSession = async (ctx: Ctx, id: string, { system }: { system: Db }): Promise<void> => {
  const { id: userId } = requireUser(ctx)
  const { numUpdatedRows } = await system
    .updateTable('sessions')
    .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(ctx.clock.now())) }))
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw notFound('session', toWireId('session', id))
}
