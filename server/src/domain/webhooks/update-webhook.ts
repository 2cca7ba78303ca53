import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { pauseLane, resumeLane, tuneLane } from '../../work/lanes.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { outgoingPolicy, readOutgoingUrl } from '../outgoing-url.ts'
import { checkEvents } from './check-events.ts'
import type { UpdateWebhook } from './contract.ts'
import { type CustomHeaders, checkHeaders, sealHeaders } from './custom-headers.ts'
import { webhookUpdated } from './events.ts'
import { laneOf, paceOf } from './lane.ts'
import { lockWebhook } from './lock-webhook.ts'
import { presentWebhook, type WebhookRow } from './present.ts'

type Changes = z.output<typeof UpdateWebhook>
type Outside = {
  eventTypes: readonly EventType[]
  secretBox: SecretBox
  settings: { sandboxLoopback: boolean; webhookHeaderBrand: string }
}

const applyHeaders = (row: WebhookRow, headers: CustomHeaders | null, secretBox: SecretBox): WebhookRow => ({
  ...row,
  sealed_headers: sealHeaders(secretBox, row.id, headers ?? {}),
  header_names: Object.keys(headers ?? {}),
})

const applyChanges = (row: WebhookRow, { description, filter, ...changes }: Changes, now: Date): WebhookRow => ({
  ...row,
  url: changes.url ?? row.url,
  events: changes.events ?? row.events,
  description: description === undefined ? row.description : description,
  filter: filter === undefined ? row.filter : filter && JSON.stringify(filter),
  max_in_flight: changes.max_in_flight ?? row.max_in_flight,
  max_per_second: changes.max_per_second === undefined ? row.max_per_second : changes.max_per_second,
  fifo: changes.fifo ?? row.fifo,
  retry_policy: changes.retry_policy ?? row.retry_policy,
  status: changes.status ?? row.status,
  disabled_reason: changes.status ? null : row.disabled_reason,
  updated_at: now,
})

const isAnotherEndpoint = (old: WebhookRow, row: WebhookRow): boolean =>
  row.url !== old.url ||
  row.sealed_headers !== old.sealed_headers ||
  (row.status === 'active' && old.status !== 'active')

// Another endpoint, or one that is made active again, has five days again; what was missed before is still told.
const forgiveTroubles = (tx: Db, row: WebhookRow, now: Date) =>
  tx
    .updateTable('webhook_troubles')
    .set(({ ref }) => ({
      first_failure_at: now,
      last_failure_at: now,
      warned: 0,
      forgiven_deliveries: ref('failed_deliveries'),
    }))
    .where('workspace_id', '=', row.workspace_id)
    .where('webhook_id', '=', row.id)
    .execute()

const moveLane = async (tx: Db, row: WebhookRow, now: Date): Promise<void> => {
  const lane = laneOf(row.workspace_id, row.id)
  if (row.status === 'paused') await pauseLane(tx, lane)
  else await resumeLane(tx, lane, now)
}

/** Changes the named fields only. Pausing stops deliveries, not their collection; what is under way may still arrive. */
export const updateWebhook = async (ctx: Ctx, id: string, input: Changes, outside: Outside): Promise<WebhookRow> => {
  requireScope(ctx, 'webhooks:write')
  if (input.headers) checkHeaders(input.headers, outside.settings.webhookHeaderBrand)
  const changes = {
    ...input,
    ...(input.url !== undefined && { url: readOutgoingUrl(input.url, outgoingPolicy(ctx.mode, outside.settings)) }),
    ...(input.events && { events: checkEvents(input.events, outside.eventTypes) }),
  }
  const now = ctx.clock.now()
  return transaction(ctx.db, async (tx) => {
    const old = await lockWebhook(ctx, tx, id)
    const changed = applyChanges(old, changes, now)
    const row = input.headers === undefined ? changed : applyHeaders(changed, input.headers, outside.secretBox)
    if (isAnotherEndpoint(old, row)) {
      row.endpoint_version += 1
      await forgiveTroubles(tx, row, now)
    }
    await tx.updateTable('webhooks').set(row).where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    await tuneLane(tx, laneOf(ctx.workspaceId, id), paceOf(row))
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
