import { AppError, notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'

/** Withdraws an invite. One that is withdrawn already stays so; one that was accepted is a member now: CONFLICT. */
// no event: nobody was let in, and nobody is put out.
export const revokeInvite = async (ctx: Ctx, id: string): Promise<void> => {
  requireScope(ctx, 'members:write')
  await transaction(ctx.db, async (tx) => {
    const row = await tx
      .selectFrom('invites')
      .select(['accepted_at', 'revoked_at'])
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw notFound('invite', toWireId('invite', id))
    if (row.accepted_at) throw new AppError('CONFLICT', 'This invite was accepted. Remove the member instead.')
    if (row.revoked_at) return
    await tx
      .updateTable('invites')
      .set({ revoked_at: ctx.clock.now() })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await recordAudit(ctx, tx, { action: 'invite.revoked', target: { type: 'invite', id: toWireId('invite', id) } })
  })
}
