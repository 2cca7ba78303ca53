import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { findSentEvent, refuseDisabled, sendAgain } from './send-again.ts'

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

/** Makes an event due at webhooks. Returns the ids of the deliveries. */
export const replayTo = async (
  ctx: Ctx,
  tx: Db,
  event: { id: string; type: string },
  targets: readonly Target[],
): Promise<string[]> => {
  const now = ctx.clock.now()
  const due: string[] = []
  for (const target of targets)
    due.push(await sendAgain(tx, { workspaceId: ctx.workspaceId, event, webhookId: target.id, trigger: 'replay', now }))
  return due
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
    const event = await findSentEvent(tx, ctx.workspaceId, id)
    const targets = await targetsOf(ctx, tx, event.names, webhookId)
    const due = await replayTo(ctx, tx, event, targets)
    await recordAudit(ctx, tx, {
      action: 'event.replayed',
      target: { type: 'event', id: toWireId('event', id) },
      detail: { webhook_ids: targets.map((target) => toWireId('webhook', target.id)) },
    })
    return due
  })
}
