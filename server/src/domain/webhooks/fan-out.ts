import { sql } from 'kysely'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Db } from '../../database/open.ts'
import { enqueue, type NewWork } from '../../work/enqueue.ts'
import type { LaneId } from '../../work/work-kind.ts'
import { type FanOut, rangesTable, type SequencedRange } from '../events/index.ts'
import { countLate, findLate } from './backfills/late-events.ts'
import { deliveryId } from './delivery-id.ts'
import { newDeliveryWork } from './delivery-work.ts'
import { laneOf } from './lane.ts'
import { type Match, siftMatches } from './sift-matches.ts'

// Only where there are webhooks: most workspaces have none, and their events need not be read again. The offset keeps the
// inner select apart: joined freely, the planner reads the whole day for every batch.
const matchesOf = async (tx: Db, ranges: SequencedRange[]): Promise<Match[]> => {
  const { rows } = await sql<Match>`
    select w.workspace_id, w.id as webhook_id, e.id as event_id, e.type, w.filter
    from ${rangesTable(ranges)}
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

// So many at a time: one statement with all that a thousand webhooks get of a batch would outlast its timeout. Lane by
// lane, so that the order in which lanes are locked holds from one statement to the next.
const enqueueAtOnce = 5_000

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
    const matches = await siftMatches(tx, await matchesOf(tx, ranges))
    const late = await siftMatches(tx, await findLate(tx, ranges))
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
