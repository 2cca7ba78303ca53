import type { z } from 'zod'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { pauseLane, resumeLane } from '../../work/lanes.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { outgoingPolicy, readOutgoingUrl } from '../outgoing-url.ts'
import { checkEvents } from './check-events.ts'
import type { UpdateWebhook } from './contract.ts'
import { webhookUpdated } from './events.ts'
import { laneOf, lockLane } from './lane.ts'
import { presentWebhook, type WebhookRow } from './present.ts'

type Changes = z.output<typeof UpdateWebhook>
type Outside = { eventTypes: readonly EventType[]; settings: { sandboxLoopback: boolean } }

const applyChanges = (row: WebhookRow, { description, ...changes }: Changes, now: Date): WebhookRow => ({
  ...row,
  url: changes.url ?? row.url,
  events: changes.events ?? row.events,
  description: description === undefined ? row.description : description,
  status: changes.status ?? row.status,
  disabled_reason: changes.status ? null : row.disabled_reason,
  updated_at: now,
})

const moveLane = async (tx: Db, row: WebhookRow, now: Date): Promise<void> => {
  const lane = laneOf(row.workspace_id, row.id)
  if (row.status === 'paused') await pauseLane(tx, lane)
  else await resumeLane(tx, lane, now)
}

/** Changes the named fields only. Pausing stops deliveries, not their collection; what is under way may still arrive. */
export const updateWebhook = async (ctx: Ctx, id: string, input: Changes, outside: Outside): Promise<WebhookRow> => {
  requireScope(ctx, 'webhooks:write')
  if (input.url !== undefined) readOutgoingUrl(input.url, outgoingPolicy(ctx.mode, outside.settings))
  const changes = input.events ? { ...input, events: checkEvents(input.events, outside.eventTypes) } : input
  const now = ctx.clock.now()
  return transaction(ctx.db, async (tx) => {
    await lockLane(tx, laneOf(ctx.workspaceId, id))
    const old = await tx
      .selectFrom('webhooks')
      .selectAll()
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!old) throw notFound('webhook', toWireId('webhook', id))
    const row = applyChanges(old, changes, now)
    await tx.updateTable('webhooks').set(row).where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    if (row.status !== old.status) await moveLane(tx, row, now)
    await recordEvent(ctx, tx, webhookUpdated, { subject: { type: 'webhook', id }, data: presentWebhook(row) })
    await recordAudit(ctx, tx, {
      action: 'webhook.updated',
      target: { type: 'webhook', id: toWireId('webhook', id) },
      detail: { changed: Object.keys(input), host: new URL(row.url).host, status: row.status },
    })
    return row
  })
}
