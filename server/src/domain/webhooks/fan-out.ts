import { sql } from 'kysely'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import type { FanOut } from '../events/index.ts'
import { deliveryId } from './delivery-id.ts'
import { newDeliveryWork } from './delivery-work.ts'
import { laneOf } from './lane.ts'

type Subscriber = { workspace_id: string; id: string; events: string[] }

const subscribersOf = async (tx: Db, workspaceIds: string[]): Promise<Map<string, Subscriber[]>> => {
  const { rows } = await sql<Subscriber>`
    select workspace_id, id, events from webhooks
    where workspace_id = any(${workspaceIds}::uuid[]) and status in ('active', 'paused')`.execute(tx)
  return Map.groupBy(rows, (row) => row.workspace_id)
}

/** Enqueues one delivery for every webhook, active or paused, that subscribes to an event by any of its names. */
export const createFanOut =
  (clock: Clock = systemClock): FanOut =>
  async (tx, events) => {
    const subscribers = await subscribersOf(tx, [...new Set(events.map(({ workspaceId }) => workspaceId))])
    const dueAt = clock.now()
    const work = events.flatMap((event) => {
      const matching = (subscribers.get(event.workspaceId) ?? []).filter(({ events: wanted }) =>
        wanted.some((name) => event.names.includes(name)),
      )
      const payload = JSON.stringify(newDeliveryWork(event, 'event', 0))
      return matching.map(({ id }) => ({
        ...laneOf(event.workspaceId, id),
        id: deliveryId(event.id, id, 0),
        dueAt,
        payload,
      }))
    })
    await enqueue(tx, work)
    return work.length
  }
