import { sql } from 'kysely'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import type { FanOut, SequencedRange } from '../events/index.ts'
import { deliveryId } from './delivery-id.ts'
import { newDeliveryWork } from './delivery-work.ts'
import { laneOf } from './lane.ts'

type Match = { workspace_id: string; webhook_id: string; event_id: string; type: string }

// Webhooks first, then only their workspaces' events: most workspaces have none, and their events need not be read again.
const matchesOf = async (tx: Db, ranges: SequencedRange[]): Promise<Match[]> => {
  const { rows } = await sql<Match>`
    select w.workspace_id, w.id as webhook_id, e.id as event_id, e.type
    from unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.from)}::bigint[],
        ${ranges.map((range) => range.to)}::bigint[], ${ranges.map((range) => range.firstAt)}::timestamptz[],
        ${ranges.map((range) => range.lastAt)}::timestamptz[]) as r (workspace_id, first, last, first_at, last_at)
    join webhooks w on w.workspace_id = r.workspace_id and w.status in ('active', 'paused')
    cross join lateral (
      select id, type, sequence from events e
      where e.workspace_id = r.workspace_id and e.created_at between r.first_at and r.last_at
        and e.sequence between r.first and r.last and e.names && w.events
    ) e
    order by w.workspace_id, e.sequence`.execute(tx)
  return rows
}

/** Enqueues one delivery for every webhook, active or paused, that subscribes to an event by any of its names. */
export const createFanOut =
  (clock: Clock = systemClock): FanOut =>
  async (tx, ranges) => {
    const dueAt = clock.now()
    const work = (await matchesOf(tx, ranges)).map(({ workspace_id, webhook_id, event_id, type }) => ({
      ...laneOf(workspace_id, webhook_id),
      id: deliveryId(event_id, webhook_id, 0),
      dueAt,
      payload: JSON.stringify(newDeliveryWork({ id: event_id, type }, 'event', 0)),
    }))
    await enqueue(tx, work)
    return work.length
  }
