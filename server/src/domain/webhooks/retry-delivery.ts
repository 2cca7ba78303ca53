import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { findDelivery } from './find-delivery.ts'
import type { DeliveryRow } from './present-delivery.ts'
import { findSentEvents, refuseDisabled, sendAgain } from './send-again.ts'

/**
 * Sends an event to a webhook now: a pending delivery does not wait any longer, a finished one is followed by a new one
 * with a schedule of its own. The receiver sees the same `webhook-id`. Returns the delivery that is due.
 */
export const retryDelivery = async (ctx: Ctx, id: string): Promise<DeliveryRow> => {
  requireScope(ctx, 'events:replay')
  // no event: a delivery about deliveries would be delivered too, without end.
  return transaction(ctx.db, async (tx) => {
    const delivery = await findDelivery(tx, ctx.workspaceId, id)
    const webhook = await tx
      .selectFrom('webhooks')
      .select('status')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', delivery.webhook_id)
      .executeTakeFirst()
    if (!webhook) throw new AppError('CONFLICT', 'The webhook of this delivery was deleted.')
    refuseDisabled(webhook)
    const [event] = await findSentEvents(tx, ctx.workspaceId, [delivery.event_id])
    const again = { workspaceId: ctx.workspaceId, trigger: 'manual', now: ctx.clock.now() } as const
    const [made] = await sendAgain(tx, again, [{ event: event!, webhookId: delivery.webhook_id }])
    const due = made!
    await recordAudit(ctx, tx, {
      action: 'delivery.retried',
      target: { type: 'delivery', id: toWireId('delivery', id) },
      detail: { webhook_id: toWireId('webhook', delivery.webhook_id), due_delivery_id: toWireId('delivery', due) },
    })
    return findDelivery(tx, ctx.workspaceId, due)
  })
}
