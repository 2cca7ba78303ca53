import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { backfillLane } from './backfills/work.ts'
import { webhookDeleted } from './events.ts'
import { laneOf, lockLane } from './lane.ts'

/** Deletes a webhook with the deliveries that still wait. Finished ones stay listed, as evidence. */
export const deleteWebhook = async (ctx: Ctx, id: string): Promise<void> => {
  requireScope(ctx, 'webhooks:write')
  await transaction(ctx.db, async (tx) => {
    // Locked in the worker's order, for with the webhook its backfills go.
    for (const lane of [backfillLane(ctx.workspaceId, id), laneOf(ctx.workspaceId, id)]) {
      await lockLane(tx, lane)
      await tx
        .deleteFrom('lanes')
        .where('workspace_id', '=', ctx.workspaceId)
        .where('kind', '=', lane.kind)
        .where('key', '=', id)
        .execute()
    }
    const { numDeletedRows } = await tx
      .deleteFrom('webhooks')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (numDeletedRows === 0n) throw notFound('webhook', toWireId('webhook', id))
    await recordEvent(ctx, tx, webhookDeleted, {
      subject: { type: 'webhook', id },
      data: { id: toWireId('webhook', id), deleted_at: ctx.clock.now().toISOString() },
    })
    await recordAudit(ctx, tx, {
      action: 'webhook.deleted',
      target: { type: 'webhook', id: toWireId('webhook', id) },
    })
  })
}
