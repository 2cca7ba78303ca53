import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { pauseLane } from '../../work/lanes.ts'
import type { LaneId } from '../../work/work-kind.ts'
import { recordEvent } from '../events/index.ts'
import { webhookEndpointDisabled, webhookUpdated } from './events.ts'
import { laneOf } from './lane.ts'
import { presentWebhook, type WebhookRow } from './present.ts'
import { systemContext } from './system-context.ts'

type Outside = { clock: Clock; log: Log }

/** Disables the webhooks behind these lanes and says why. What waits for them waits on. */
export const disableWebhooks = async (
  tx: Db,
  lanes: readonly LaneId[],
  reason: 'endpoint_gone' | 'endpoint_failing',
  outside: Outside,
): Promise<void> => {
  if (lanes.length === 0) return
  const now = outside.clock.now()
  const distinct = [...new Map(lanes.map((lane) => [`${lane.workspaceId} ${lane.key}`, lane])).values()]
  for (const { workspaceId, key } of distinct) await pauseLane(tx, laneOf(workspaceId, key))
  const { rows } = await sql<WebhookRow & { mode: 'live' | 'sandbox'; missed_from: Date | null }>`
    update webhooks w set status = 'disabled', disabled_reason = ${reason}, updated_at = ${now}
    from workspaces o
    where o.id = w.workspace_id and w.status <> 'disabled' and (w.workspace_id, w.id) in (
      select * from unnest(${distinct.map((lane) => lane.workspaceId)}::uuid[], ${distinct.map((lane) => lane.key)}::uuid[]))
    returning w.*, o.mode, (
      select t.missed_from from webhook_troubles t
      where t.workspace_id = w.workspace_id and t.webhook_id = w.id and t.failed_deliveries > 0
    ) as missed_from`.execute(tx)
  for (const row of rows) {
    const ctx = systemContext(tx, { workspaceId: row.workspace_id, mode: row.mode }, outside)
    const subject = { type: 'webhook', id: row.id }
    await recordEvent(ctx, tx, webhookUpdated, { subject, data: presentWebhook(row) })
    await recordEvent(ctx, tx, webhookEndpointDisabled, {
      subject,
      data: {
        webhook_id: toWireId('webhook', row.id),
        url: row.url,
        reason,
        disabled_at: now.toISOString(),
        missed_from: row.missed_from?.toISOString() ?? null,
      },
    })
  }
}
