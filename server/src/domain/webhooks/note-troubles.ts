import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import type { LaneId } from '../../work/work-kind.ts'
import { recordEvent } from '../events/index.ts'
import { disableWebhooks } from './disable-webhooks.ts'
import { webhookEndpointFailing, webhookEndpointRecovered } from './events.ts'
import { deliveryKind, laneOf } from './lane.ts'
import { systemContext } from './system-context.ts'

/**
 * What a batch showed of one webhook: attempts that failed, deliveries that failed for good, when the oldest event of either
 * happened, whether one arrived.
 */
export type Showing = LaneId & {
  failedAttempts: number
  failedDeliveries: number
  failedSince: Date
  delivered: boolean
}

type Outside = { clock: Clock; log: Log }

const hourMs = 3_600_000
const warnAtHours = [24, 72]
const disableAfterHours = 120
// A receiver that was called twice in five days has not been failing for five days.
const disableSpanHours = 12
const disableDeliveries = 20

type Trouble = {
  workspace_id: string
  webhook_id: string
  first_failure_at: Date
  missed_from: Date
  last_failure_at: Date
  failed_attempts: string | number
  failed_deliveries: string | number
  forgiven_deliveries: string | number
  warned: number
  url: string
  fifo: boolean
  mode: 'live' | 'sandbox'
}

const columns = sql`t.*, w.url, w.fifo, o.mode`

const addFailures = async (tx: Db, showings: readonly Showing[], now: Date): Promise<Trouble[]> => {
  const column = <Value>(read: (showing: Showing) => Value) => showings.map(read)
  const { rows } = await sql<Trouble>`
    with t as (
      insert into webhook_troubles (workspace_id, webhook_id, first_failure_at, missed_from, last_failure_at, failed_attempts, failed_deliveries)
      select workspace_id, webhook_id, ${now}, since, ${now}, attempts, deliveries
      from unnest(${column((s) => s.workspaceId)}::uuid[], ${column((s) => s.key)}::uuid[], ${column((s) => s.failedAttempts)}::bigint[],
        ${column((s) => s.failedDeliveries)}::bigint[], ${column((s) => s.failedSince)}::timestamptz[]) as f (workspace_id, webhook_id, attempts, deliveries, since)
      where exists (select from webhooks w where w.workspace_id = f.workspace_id and w.id = f.webhook_id)
      order by workspace_id, webhook_id
      on conflict (workspace_id, webhook_id) do update set last_failure_at = excluded.last_failure_at,
        missed_from = least(webhook_troubles.missed_from, excluded.missed_from),
        failed_attempts = webhook_troubles.failed_attempts + excluded.failed_attempts,
        failed_deliveries = webhook_troubles.failed_deliveries + excluded.failed_deliveries
      returning *
    )
    select ${columns} from t
    join webhooks w on w.workspace_id = t.workspace_id and w.id = t.webhook_id join workspaces o on o.id = t.workspace_id`.execute(
    tx,
  )
  return rows
}

const hoursBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / hourMs

const dataOf = (trouble: Trouble) => ({
  webhook_id: toWireId('webhook', trouble.webhook_id),
  url: trouble.url,
  first_failure_at: trouble.first_failure_at.toISOString(),
  last_failure_at: trouble.last_failure_at.toISOString(),
  failed_attempts: Number(trouble.failed_attempts),
  failed_deliveries: Number(trouble.failed_deliveries),
})

const isLongEnough = (trouble: Trouble, now: Date): boolean =>
  hoursBetween(trouble.first_failure_at, now) >= disableAfterHours &&
  hoursBetween(trouble.first_failure_at, trouble.last_failure_at) >= disableSpanHours

/** How many deliveries wait for a webhook, counted as far as it matters. Those that this batch ends are still among them. */
const countWaiting = async (tx: Db, { workspace_id, webhook_id }: Trouble): Promise<number> => {
  const { rows } = await sql<{ waiting: number | string }>`
    select count(*) as waiting from (
      select from work_items where workspace_id = ${workspace_id} and kind = ${deliveryKind} and key = ${webhook_id}
      limit ${2 * disableDeliveries}
    ) w`.execute(tx)
  return Number(rows[0]!.waiting)
}

// In order, those behind a delivery that fails have no chance to fail: they count as it does.
const isLost = async (tx: Db, trouble: Trouble, showing: Showing | undefined, now: Date): Promise<boolean> => {
  if (!isLongEnough(trouble, now)) return false
  const failed = Number(trouble.failed_deliveries) - Number(trouble.forgiven_deliveries)
  if (failed >= disableDeliveries || !trouble.fifo) return failed >= disableDeliveries
  return failed + (await countWaiting(tx, trouble)) - (showing?.failedDeliveries ?? 0) >= disableDeliveries
}

const warn = async (tx: Db, trouble: Trouble, outside: Outside): Promise<void> => {
  const hours = hoursBetween(trouble.first_failure_at, outside.clock.now())
  const due = warnAtHours.findLast((at) => hours >= at)
  if (due === undefined || trouble.warned >= due) return
  await tx
    .updateTable('webhook_troubles')
    .set({ warned: due })
    .where('workspace_id', '=', trouble.workspace_id)
    .where('webhook_id', '=', trouble.webhook_id)
    .execute()
  const ctx = systemContext(tx, { workspaceId: trouble.workspace_id, mode: trouble.mode }, outside)
  const disabledAt = new Date(trouble.first_failure_at.getTime() + disableAfterHours * hourMs)
  await recordEvent(ctx, tx, webhookEndpointFailing, {
    subject: { type: 'webhook', id: trouble.webhook_id },
    data: { ...dataOf(trouble), failing_for_hours: due, disabled_from: disabledAt.toISOString() },
  })
}

const noteFailures = async (tx: Db, showings: readonly Showing[], outside: Outside): Promise<void> => {
  const failed = showings.filter(({ failedAttempts, delivered }) => failedAttempts > 0 && !delivered)
  if (failed.length === 0) return
  const now = outside.clock.now()
  const troubles = await addFailures(tx, failed, now)
  const lost: Trouble[] = []
  for (const trouble of troubles) {
    const showing = failed.find(({ key }) => key === trouble.webhook_id)
    if (await isLost(tx, trouble, showing, now)) lost.push(trouble)
  }
  await disableWebhooks(
    tx,
    lost.map(({ workspace_id, webhook_id }) => laneOf(workspace_id, webhook_id)),
    'endpoint_failing',
    outside,
  )
  for (const trouble of troubles) if (!lost.includes(trouble)) await warn(tx, trouble, outside)
}

const noteRecoveries = async (tx: Db, showings: readonly Showing[], outside: Outside): Promise<void> => {
  const delivered = showings.filter((showing) => showing.delivered)
  if (delivered.length === 0) return
  const { rows } = await sql<Trouble>`
    with t as (
      delete from webhook_troubles t
      using unnest(${delivered.map((s) => s.workspaceId)}::uuid[], ${delivered.map((s) => s.key)}::uuid[]) as d (workspace_id, webhook_id)
      where t.workspace_id = d.workspace_id and t.webhook_id = d.webhook_id
      returning t.*
    )
    select ${columns} from t
    join webhooks w on w.workspace_id = t.workspace_id and w.id = t.webhook_id join workspaces o on o.id = t.workspace_id`.execute(
    tx,
  )
  for (const trouble of rows) {
    // What was only late has arrived or is still to come; only what failed for good is missed.
    if (Number(trouble.failed_deliveries) === 0) continue
    const ctx = systemContext(tx, { workspaceId: trouble.workspace_id, mode: trouble.mode }, outside)
    await recordEvent(ctx, tx, webhookEndpointRecovered, {
      subject: { type: 'webhook', id: trouble.webhook_id },
      data: {
        ...dataOf(trouble),
        missed_from: trouble.missed_from.toISOString(),
        missed_to: trouble.last_failure_at.toISOString(),
      },
    })
  }
}

/**
 * Keeps account of webhooks in trouble: warns after a day and after three, disables after five days of nothing but
 * failures, and tells once what was missed when one recovers.
 */
export const noteTroubles = async (tx: Db, showings: readonly Showing[], outside: Outside): Promise<void> => {
  await noteFailures(tx, showings, outside)
  await noteRecoveries(tx, showings, outside)
}
