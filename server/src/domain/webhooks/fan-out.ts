import { sql } from 'kysely'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
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
  /** Only where there is a filter to hold against it. */
  payload: string | null
}

// Only where there are webhooks: most workspaces have none, and their events need not be read again. The offset keeps the
// inner select apart: joined freely, the planner reads the whole day for every batch.
const matchesOf = async (tx: Db, ranges: SequencedRange[]): Promise<Match[]> => {
  const { rows } = await sql<Match>`
    select w.workspace_id, w.id as webhook_id, e.id as event_id, e.type, w.filter,
      case when w.filter is not null then e.payload end as payload
    from unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.from)}::bigint[],
        ${ranges.map((range) => range.to)}::bigint[], ${ranges.map((range) => range.firstAt)}::timestamptz[],
        ${ranges.map((range) => range.lastAt)}::timestamptz[]) as r (workspace_id, first, last, first_at, last_at)
    cross join lateral (
      select id, type, names, subject_id, sequence, payload from events e
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

// Webhooks often share a filter, and an event is parsed once however many look into it.
const createSieve = () => {
  const filters = new Map<string, ContentFilter>()
  const envelopes = new Map<string, unknown>()
  const kept = <Value>(map: Map<string, Value>, name: string, text: string): Value => {
    if (!map.has(name)) map.set(name, JSON.parse(text) as Value)
    return map.get(name) as Value
  }
  return ({ filter, payload, event_id }: Match): boolean =>
    filter === null ||
    payload === null ||
    passesFilter(kept(filters, filter, filter), kept(envelopes, event_id, payload))
}

// So many at a time: one statement with all that a thousand webhooks get of a batch would outlast its timeout. Lane by
// lane, so that the order in which lanes are locked holds from one statement to the next.
const enqueueAtOnce = 5_000

/**
 * Enqueues one delivery for every webhook that subscribes to an event by any of its names and whose filter lets it
 * through. Webhooks that are paused or disabled collect. Deliveries are numbered in the order of the log.
 */
export const createFanOut =
  (clock: Clock = systemClock): FanOut =>
  async (tx, ranges) => {
    const dueAt = clock.now()
    const matches = (await matchesOf(tx, ranges)).filter(createSieve())
    const work = matches.map(({ workspace_id, webhook_id, event_id, type }) => ({
      ...laneOf(workspace_id, webhook_id),
      id: deliveryId(event_id, webhook_id, 0),
      dueAt,
      numbered: true,
      payload: JSON.stringify(newDeliveryWork({ id: event_id, type }, 'event', 0)),
    }))
    for (let at = 0; at < work.length; at += enqueueAtOnce) await enqueue(tx, work.slice(at, at + enqueueAtOnce))
    return work.length
  }
