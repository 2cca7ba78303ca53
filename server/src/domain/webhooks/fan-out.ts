import { sql } from 'kysely'
import { type Clock, systemClock } from '../../base/clock.ts'
import { timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { enqueue, type NewWork } from '../../work/enqueue.ts'
import type { LaneId } from '../../work/work-kind.ts'
import type { FanOut, SequencedRange } from '../events/index.ts'
import { type ContentFilter, passesFilter } from './content-filter.ts'
import { deliveryId } from './delivery-id.ts'
import { newDeliveryWork } from './delivery-work.ts'
import { laneOf } from './lane.ts'

type Match = {
  workspace_id: string
  webhook_id: string
  event_id: string
  type: string
  filter: string | null
}

// Only where there are webhooks: most workspaces have none, and their events need not be read again. The offset keeps the
// inner select apart: joined freely, the planner reads the whole day for every batch.
const matchesOf = async (tx: Db, ranges: SequencedRange[]): Promise<Match[]> => {
  const { rows } = await sql<Match>`
    select w.workspace_id, w.id as webhook_id, e.id as event_id, e.type, w.filter
    from unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.from)}::bigint[],
        ${ranges.map((range) => range.to)}::bigint[], ${ranges.map((range) => range.firstAt)}::timestamptz[],
        ${ranges.map((range) => range.lastAt)}::timestamptz[]) as r (workspace_id, first, last, first_at, last_at)
    cross join lateral (
      select id, type, names, subject_id, sequence from events e
      where e.workspace_id = r.workspace_id and e.created_at between r.first_at and r.last_at
        and e.sequence between r.first and r.last
        and exists (select from webhooks where workspace_id = r.workspace_id)
      offset 0
    ) e
    join webhooks w on w.workspace_id = r.workspace_id and e.names && w.events
      -- To tell a webhook of its own trouble would be to add to it.
      and not (e.subject_id = w.id and (e.type like 'webhook.endpoint.%' or e.type = 'webhook.deliveries_expired'))
    order by w.workspace_id, w.id, e.sequence`.execute(tx)
  return rows
}

// So many texts at a time, each once however many webhooks look into it: an event can be large, and a batch of them too.
const readAtOnce = 50

const readPayloads = async (tx: Db, matches: readonly Match[]): Promise<{ id: string; payload: string }[]> => {
  const { rows } = await sql<{ id: string; payload: string }>`
    select e.id, e.payload from unnest(${matches.map((match) => match.workspace_id)}::uuid[],
      ${matches.map((match) => match.event_id)}::uuid[], ${matches.map((match) => timeOfId(match.event_id))}::timestamptz[]) as i (workspace_id, id, created_at)
    cross join lateral (
      select id, payload from events e
      where e.workspace_id = i.workspace_id and e.created_at = i.created_at and e.id = i.id limit 1
    ) e`.execute(tx)
  return rows
}

/** Leaves out what the filters keep from their webhooks. */
const sift = async <One extends Match>(tx: Db, matches: One[]): Promise<One[]> => {
  const doubtful = matches.filter(({ filter }) => filter !== null)
  if (doubtful.length === 0) return matches
  // Webhooks often share a filter.
  const filters = new Map(doubtful.map(({ filter }) => [filter, JSON.parse(filter!) as ContentFilter]))
  const ofEvents = [...Map.groupBy(doubtful, ({ event_id }) => event_id).values()]
  const out = new Set<One>()
  for (let at = 0; at < ofEvents.length; at += readAtOnce) {
    const some = new Map(ofEvents.slice(at, at + readAtOnce).map((group) => [group[0]!.event_id, group]))
    const first = [...some.values()].map((group) => group[0]!)
    for (const { id, payload } of await readPayloads(tx, first)) {
      const envelope: unknown = JSON.parse(payload)
      for (const match of some.get(id)!) if (!passesFilter(filters.get(match.filter)!, envelope)) out.add(match)
    }
  }
  return matches.filter((match) => !out.has(match))
}

// So many at a time: one statement with all that a thousand webhooks get of a batch would outlast its timeout. Lane by
// lane, so that the order in which lanes are locked holds from one statement to the next.
const enqueueAtOnce = 5_000

type Late = Match & { backfill_id: string }

// A backfill of types beyond the subscription went, or goes, over the time of such an event before it had its number. Those
// that look for what failed do not miss it: it never failed.
const lateOf = async (tx: Db, ranges: SequencedRange[]): Promise<Late[]> => {
  // Nearly always there is none, and the log need not be opened to know it. By the latest of each, one step in the index: for
  // any of them the planner reads all backfills there are.
  const { rows: windows } = await sql`
    select from unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.firstAt)}::timestamptz[]) as r (workspace_id, first_at)
    where first_at < (
      select max(to_time) from backfills
      where workspace_id = r.workspace_id and types is not null and status <> 'canceled'
    ) limit 1`.execute(tx)
  if (windows.length === 0) return []
  const { rows } = await sql<Late>`
    select distinct on (b.workspace_id, b.webhook_id, e.id)
      b.workspace_id, b.webhook_id, b.id as backfill_id, e.id as event_id, e.type, w.filter
    from unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.from)}::bigint[],
        ${ranges.map((range) => range.to)}::bigint[], ${ranges.map((range) => range.firstAt)}::timestamptz[],
        ${ranges.map((range) => range.lastAt)}::timestamptz[]) as r (workspace_id, first, last, first_at, last_at)
    join backfills b on b.workspace_id = r.workspace_id and b.to_time > r.first_at and b.types is not null
      and b.status <> 'canceled' and b.mode <> 'failed'
    join webhooks w on w.workspace_id = b.workspace_id and w.id = b.webhook_id
    cross join lateral (
      select id, type from events e
      where e.workspace_id = r.workspace_id and e.created_at between r.first_at and r.last_at
        and e.sequence between r.first and r.last and e.created_at >= b.from_time and e.created_at < b.to_time
        and e.names && b.types and not e.names && w.events
      offset 0
    ) e
    order by 1, 2, 4, b.id desc`.execute(tx)
  return rows
}

const countLate = async (tx: Db, late: readonly Late[]): Promise<void> => {
  if (late.length === 0) return
  await sql`
    with counted as (
      select workspace_id, id, count(*) as n
      from unnest(${late.map((one) => one.workspace_id)}::uuid[], ${late.map((one) => one.backfill_id)}::uuid[]) as l (workspace_id, id)
      group by 1, 2
    ), locked as materialized (
      select b.workspace_id, b.id from backfills b join counted c on c.workspace_id = b.workspace_id and c.id = b.id
      order by 1, 2 for update of b
    )
    update backfills b set enqueued = b.enqueued + c.n
    from counted c join locked l on l.workspace_id = c.workspace_id and l.id = c.id
    where b.workspace_id = c.workspace_id and b.id = c.id`.execute(tx)
}

const placeOf = ({ workspaceId, key }: LaneId): string => `${workspaceId} ${key}`

/**
 * Enqueues one delivery for every webhook that subscribes to an event by any of its names and whose filter lets it
 * through. Webhooks that are paused or disabled collect. Deliveries are numbered in the order of the log. Events that come too
 * late for a backfill that wanted them are sent in its name.
 */
export const createFanOut =
  (clock: Clock = systemClock): FanOut =>
  async (tx, ranges) => {
    const dueAt = clock.now()
    const matches = await sift(tx, await matchesOf(tx, ranges))
    const late = await sift(tx, await lateOf(tx, ranges))
    const work: NewWork[] = matches.map(({ workspace_id, webhook_id, event_id, type }) => ({
      ...laneOf(workspace_id, webhook_id),
      id: deliveryId(event_id, webhook_id, 0),
      dueAt,
      numbered: true,
      payload: JSON.stringify(newDeliveryWork({ id: event_id, type }, 'event', 0)),
    }))
    if (late.length > 0) {
      work.push(
        ...late.map(({ workspace_id, webhook_id, event_id, type, backfill_id }) => ({
          ...laneOf(workspace_id, webhook_id),
          id: deliveryId(event_id, webhook_id, 0),
          dueAt,
          band: 2,
          numbered: false,
          payload: JSON.stringify({ ...newDeliveryWork({ id: event_id, type }, 'backfill', 0), backfill_id }),
        })),
      )
      work.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0))
    }
    for (let at = 0; at < work.length; at += enqueueAtOnce) await enqueue(tx, work.slice(at, at + enqueueAtOnce))
    await countLate(tx, late)
    return work.length
  }
