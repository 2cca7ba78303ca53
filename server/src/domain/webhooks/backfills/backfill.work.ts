import { sql } from 'kysely'
import type { Clock } from '../../../base/clock.ts'
import type { Db } from '../../../database/open.ts'
import { enqueue } from '../../../work/enqueue.ts'
import { type Again, defineWorkKind, type WorkItem, type WorkKind } from '../../../work/work-kind.ts'
import { deliveryId } from '../delivery-id.ts'
import { newDeliveryWork } from '../delivery-work.ts'
import { deliveryKind, laneOf, lockLane } from '../lane.ts'
import { readCandidates } from './candidates.ts'
import type { BackfillRow } from './present.ts'
import { backfillKind } from './work.ts'

const chunk = 500
// More than this need not wait at once: the hot table stays small, and a cancellation has little to take back.
const maxWaiting = 2_000
const fullMs = 1_000
const behindMs = 100
const catchUpBand = 2

const lock = async (tx: Db, { workspaceId, id }: WorkItem): Promise<BackfillRow | undefined> =>
  tx
    .selectFrom('backfills')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('status', '=', 'running')
    .forUpdate()
    .executeTakeFirst()

const isFull = async (tx: Db, { workspace_id, webhook_id }: BackfillRow): Promise<boolean> => {
  const { rows } = await sql<{ waiting: number | string }>`
    select count(*) as waiting from (
      select from work_items where workspace_id = ${workspace_id} and kind = ${deliveryKind} and key = ${webhook_id}
        and band = ${catchUpBand} limit ${maxWaiting}
    ) w`.execute(tx)
  return Number(rows[0]!.waiting) >= maxWaiting
}

// An event that the webhook does not subscribe to comes with the backfill or not at all. What was committed before the first
// look must be in the log by then; what gets its number later, with a time of the window, finds the backfill in the fan-out.
const isLogBehind = async (tx: Db, { workspace_id, types, cursor, to_time }: BackfillRow): Promise<boolean> => {
  if (types === null || cursor !== null) return false
  const { rows } = await sql`
    select from event_outbox
    where workspace_id = ${workspace_id} and created_at < ${to_time} and names && ${types}::text[] limit 1`.execute(tx)
  return rows.length > 0
}

const step = async (tx: Db, row: BackfillRow, now: Date): Promise<boolean> => {
  const webhook = await tx
    .selectFrom('webhooks')
    .select(['events', 'filter'])
    .where('workspace_id', '=', row.workspace_id)
    .where('id', '=', row.webhook_id)
    .executeTakeFirst()
  if (!webhook) return true
  const { candidates, cursor, ended } = await readCandidates(
    tx,
    {
      workspaceId: row.workspace_id,
      webhookId: row.webhook_id,
      cursor: row.cursor,
      from: row.from_time,
      to: row.to_time,
      names: row.types ?? webhook.events,
      filter: webhook.filter === null ? null : JSON.parse(webhook.filter),
      mode: row.mode,
    },
    chunk,
  )
  await enqueue(
    tx,
    candidates.map(({ generation, number, ...event }) => ({
      ...laneOf(row.workspace_id, row.webhook_id),
      id: deliveryId(event.id, row.webhook_id, generation),
      band: catchUpBand,
      dueAt: now,
      payload: JSON.stringify({ ...newDeliveryWork(event, 'backfill', generation, number), backfill_id: row.id }),
    })),
  )
  await tx
    .updateTable('backfills')
    .set({
      cursor,
      enqueued: Number(row.enqueued) + candidates.length,
      updated_at: now,
      ...(ended ? { status: 'completed', finished_at: now } : {}),
    })
    .where('workspace_id', '=', row.workspace_id)
    .where('id', '=', row.id)
    .execute()
  return ended
}

const placeOf = ({ workspaceId, key }: WorkItem): string => `${workspaceId} ${key}`

/** Moves a backfill on, a chunk a turn: its cursor moves with the deliveries that it makes, in one transaction. */
export const createBackfillKind = ({ clock }: { clock: Clock }): WorkKind =>
  defineWorkKind<true, true>({
    kind: backfillKind,
    window: 1,
    prepare: async (_db, items) => items.map(() => true),
    run: async () => true,
    settle: async (tx, finished) => {
      const again: Again[] = []
      const items = finished.filter(({ stale }) => !stale).map(({ item }) => item)
      items.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
      // The webhooks' lanes first, in the order of everybody else, and then the rows.
      for (const { workspaceId, key } of items) await lockLane(tx, laneOf(workspaceId, key))
      for (const item of items) {
        const row = await lock(tx, item)
        if (!row) continue
        const now = clock.now()
        const later = (ms: number) => again.push({ id: item.id, band: item.band, dueAt: new Date(now.getTime() + ms) })
        if (await isLogBehind(tx, row)) later(behindMs)
        else if (await isFull(tx, row)) later(fullMs)
        else if (!(await step(tx, row, now))) later(0)
      }
      return again
    },
  })
