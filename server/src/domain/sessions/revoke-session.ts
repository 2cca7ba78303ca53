import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import type { Ctx } from '../context.ts'
import { inReach } from './in-reach.ts'

/** Ends one session of the caller, with all its tokens. Ending an ended one changes nothing and succeeds. */
// scope: it is about the account of whoever calls.
// no event: how a person signs in is theirs, not the workspace's.
export const revokeSession = async (ctx: Ctx, id: string, { system }: { system: Db }): Promise<void> => {
  await transaction(system, async (tx) => {
    const session = await tx
      .selectFrom('sessions')
      .select(['workspace_id', 'revoked_at'])
      .where('id', '=', id)
      .where(inReach(ctx))
      .forUpdate()
      .executeTakeFirst()
    if (!session) throw notFound('session', toWireId('session', id))
    if (session.revoked_at) return
    await tx.updateTable('sessions').set({ revoked_at: ctx.clock.now() }).where('id', '=', id).execute()
    // A person's sessions are of several workspaces: the one it was in is the one to be told.
    await recordAudit({ ...ctx, workspaceId: session.workspace_id }, tx, {
      action: 'session.revoked',
      target: { type: 'session', id: toWireId('session', id) },
    })
  })
}
