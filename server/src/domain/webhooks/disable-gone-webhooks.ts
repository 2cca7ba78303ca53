import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { pauseLane } from '../../work/lanes.ts'
import type { LaneId } from '../../work/work-kind.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { webhookUpdated } from './events.ts'
import { laneOf } from './lane.ts'
import { presentWebhook, type WebhookRow } from './present.ts'

/** Disables the webhooks behind these lanes: they answered that they want no more calls. What waits for them waits on. */
export const disableGoneWebhooks = async (
  tx: Db,
  lanes: readonly LaneId[],
  { clock, log }: { clock: Clock; log: Log },
): Promise<void> => {
  const now = clock.now()
  const distinct = [...new Map(lanes.map((lane) => [`${lane.workspaceId} ${lane.key}`, lane])).values()]
  for (const { workspaceId, key } of distinct) await pauseLane(tx, laneOf(workspaceId, key))
  const { rows } = await sql<WebhookRow & { mode: Ctx['mode'] }>`
    update webhooks w set status = 'disabled', disabled_reason = 'endpoint_gone', updated_at = ${now}
    from workspaces o
    where o.id = w.workspace_id and w.status <> 'disabled' and (w.workspace_id, w.id) in (
      select * from unnest(${lanes.map((lane) => lane.workspaceId)}::uuid[], ${lanes.map((lane) => lane.key)}::uuid[]))
    returning w.*, o.mode`.execute(tx)
  for (const row of rows) {
    const actor = { type: 'system', name: 'webhooks' } as const
    const ctx: Ctx = {
      db: tx,
      workspaceId: row.workspace_id,
      mode: row.mode,
      actor,
      requestId: 'background',
      clock,
      log,
    }
    await recordEvent(ctx, tx, webhookUpdated, { subject: { type: 'webhook', id: row.id }, data: presentWebhook(row) })
  }
}
