import { AppError, notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { findSentEvents, refuseDisabled, sendAgain } from './send-again.ts'

type Target = { id: string; status: string; events: string[] }

/** The webhooks that an event with these names is to be sent to: one, or all that subscribe to it now. */
export const targetsOf = async (
  ctx: Ctx,
  tx: Db,
  names: string[],
  webhookId: string | undefined,
): Promise<Target[]> => {
  const query = tx.selectFrom('webhooks').select(['id', 'status', 'events']).where('workspace_id', '=', ctx.workspaceId)
  if (webhookId === undefined) {
    const webhooks = await query.where('status', '<>', 'disabled').orderBy('id').execute()
    return webhooks.filter(({ events }) => events.some((name) => names.includes(name)))
  }
  const webhook = await query.where('id', '=', webhookId).executeTakeFirst()
  if (!webhook) throw notFound('webhook', toWireId('webhook', webhookId), 'webhook_id')
  refuseDisabled(webhook)
  return [webhook]
}

// One transaction holds the webhooks' lanes for as long as it takes, and nothing is settled meanwhile.
const mostDeliveries = 2_500

/** Makes each event due at its webhooks. Returns the ids of the deliveries. Throws UNPROCESSABLE when they are too many. */
export const replayTo = async (
  ctx: Ctx,
  tx: Db,
  sent: readonly { event: { id: string; type: string }; targets: readonly Target[] }[],
): Promise<string[]> => {
  const pairs = sent.flatMap(({ event, targets }) => targets.map(({ id }) => ({ event, webhookId: id })))
  if (pairs.length > mostDeliveries)
    throw new AppError(
      'UNPROCESSABLE',
      `These would be ${pairs.length} deliveries at once; ${mostDeliveries} is the most. Name a webhook in \`webhook_id\`, name fewer events, or start a backfill for each webhook: POST /v1/events/backfill.`,
      { param: 'webhook_id', details: { deliveries: pairs.length, limit: mostDeliveries } },
    )
  return sendAgain(tx, { workspaceId: ctx.workspaceId, trigger: 'replay', now: ctx.clock.now() }, pairs)
}

/**
 * Sends an event again: to one webhook, whatever it subscribes to, or to all that subscribe to it now. Returns the ids of
 * the deliveries that are due.
 */
export const replayEvent = async (
  ctx: Ctx,
  id: string,
  { webhookId }: { webhookId?: string | undefined },
): Promise<string[]> => {
  requireScope(ctx, 'events:replay')
  // no event: a delivery about deliveries would be delivered too, without end.
  return transaction(ctx.db, async (tx) => {
    const [event] = await findSentEvents(tx, ctx.workspaceId, [id])
    const targets = await targetsOf(ctx, tx, event!.names, webhookId)
    const due = await replayTo(ctx, tx, [{ event: event!, targets }])
    await recordAudit(ctx, tx, {
      action: 'event.replayed',
      target: { type: 'event', id: toWireId('event', id) },
      detail: { webhook_ids: targets.map((target) => toWireId('webhook', target.id)) },
    })
    return due
  })
}
