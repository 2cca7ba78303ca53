import { sql } from 'kysely'
import { AppError, notFound } from '../../base/errors.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import { deliveryId, deliveryIdsOf } from './delivery-id.ts'
import { type DeliveryTrigger, newDeliveryWork, readDeliveryWork } from './delivery-work.ts'
import { deliveryKind, laneOf } from './lane.ts'

type Pair = { event: { id: string; type: string }; webhookId: string }
type Again = { workspaceId: string; trigger: DeliveryTrigger; now: Date }

/** Events of the log, in the order of the ids. Throws NOT_FOUND when one is not, or no longer, kept. */
export const findSentEvents = async (tx: Db, workspaceId: string, ids: readonly string[]) => {
  const { rows } = await sql<{ id: string; type: string; names: string[] }>`
    select e.id, e.type, e.names
    from unnest(${[...ids]}::uuid[], ${ids.map(timeOfId)}::timestamptz[]) with ordinality as i (id, created_at, place)
    cross join lateral (
      select id, type, names from events e
      where e.workspace_id = ${workspaceId} and e.created_at = i.created_at and e.id = i.id limit 1
    ) e order by i.place`.execute(tx)
  const missing = ids.find((id) => !rows.some((row) => row.id === id))
  if (missing !== undefined) throw notFound('event', toWireId('event', missing))
  return rows
}

/** Throws CONFLICT for a disabled webhook: what is sent there would only be skipped. */
export const refuseDisabled = (webhook: { status: string }): void => {
  if (webhook.status === 'disabled')
    throw new AppError('CONFLICT', 'The webhook is disabled. Set its status to active first.')
}

const pairsOf = (pairs: readonly Pair[]) => {
  const ranges = pairs.map(({ event }) => deliveryIdsOf(event.id))
  return sql`unnest(
    ${pairs.map(({ webhookId }) => webhookId)}::uuid[], ${pairs.map(({ event }) => event.id)}::uuid[],
    ${pairs.map(({ event }) => timeOfId(event.id))}::timestamptz[], ${ranges.map(({ lowest }) => lowest)}::uuid[],
    ${ranges.map(({ highest }) => highest)}::uuid[]
  ) with ordinality as p (webhook_id, event_id, event_at, lowest, highest, place)`
}

type Waiting = { place: number | string; id: string; payload: string }

const findWaiting = async (tx: Db, workspaceId: string, pairs: readonly Pair[]): Promise<Map<number, Waiting>> => {
  const { rows } = await sql<Waiting>`
    select p.place, w.id, w.payload from ${pairsOf(pairs)}
    cross join lateral (
      select id, payload from work_items w
      where w.workspace_id = ${workspaceId} and w.id between p.lowest and p.highest and w.kind = ${deliveryKind}
        and w.key = p.webhook_id and w.payload::json ->> 'event_id' = p.event_id::text limit 1
    ) w`.execute(tx)
  return new Map(rows.map((row) => [Number(row.place) - 1, row]))
}

type Last = { generation: number | null; number: number | string | null }

const readLast = async (tx: Db, workspaceId: string, pairs: readonly Pair[]): Promise<Last[]> => {
  if (pairs.length === 0) return []
  const { rows } = await sql<Last>`
    select d.generation, d.number from ${pairsOf(pairs)}
    cross join lateral (
      select max(generation) as generation, max(number) as number from deliveries d
      where d.workspace_id = ${workspaceId} and d.event_at = p.event_at and d.id between p.lowest and p.highest
        and d.webhook_id = p.webhook_id and d.event_id = p.event_id
    ) d order by p.place`.execute(tx)
  return rows
}

const wakeLanes = async (tx: Db, { workspaceId, now }: Again, pairs: readonly Pair[]): Promise<void> => {
  const webhookIds = [...new Set(pairs.map(({ webhookId }) => webhookId))]
  await sql`
    insert into lanes (workspace_id, kind, key, next_due_at)
    select ${workspaceId}::uuid, ${deliveryKind}, key, ${now}::timestamptz from unnest(${webhookIds}::uuid[]) as k (key) order by key
    on conflict (workspace_id, kind, key) do update set next_due_at = least(lanes.next_due_at, excluded.next_due_at)`.execute(
    tx,
  )
}

// Changed in place: a worker that is sending one right now still finds and removes it by its id.
const moveForward = async (
  tx: Db,
  { workspaceId, trigger, now }: Again,
  waiting: readonly Waiting[],
): Promise<void> => {
  if (waiting.length === 0) return
  const payloads = waiting.map(({ payload }) => JSON.stringify({ ...readDeliveryWork(payload), trigger }))
  await sql`
    update work_items w set band = 0, due_at = ${now}, payload = n.payload
    from unnest(${waiting.map(({ id }) => id)}::uuid[], ${payloads}::text[]) as n (id, payload)
    where w.workspace_id = ${workspaceId} and w.id = n.id and w.due_at > ${now}`.execute(tx)
}

/**
 * Makes events due at webhooks now: the delivery that waits is moved forward; without one, another begins. Returns their
 * ids, in order. The lanes are locked first, so that an outcome cannot be written in between and two callers make one
 * delivery. So many statements whatever their number.
 */
export const sendAgain = async (tx: Db, again: Again, pairs: readonly Pair[]): Promise<string[]> => {
  if (pairs.length === 0) return []
  const { workspaceId, trigger, now } = again
  await wakeLanes(tx, again, pairs)
  const waiting = await findWaiting(tx, workspaceId, pairs)
  const fresh = pairs.filter((_, i) => !waiting.has(i))
  const last = await readLast(tx, workspaceId, fresh)
  const work = fresh.map(({ event, webhookId }, i) => {
    const generation = (last[i]!.generation ?? -1) + 1
    const number = last[i]!.number === null ? null : Number(last[i]!.number)
    return {
      ...laneOf(workspaceId, webhookId),
      id: deliveryId(event.id, webhookId, generation),
      dueAt: now,
      payload: JSON.stringify(newDeliveryWork(event, trigger, generation, number)),
    }
  })
  await enqueue(tx, work)
  await moveForward(tx, again, [...waiting.values()])
  const made = work.map(({ id }) => id)
  return pairs.map((_, i) => waiting.get(i)?.id ?? made.shift()!)
}
