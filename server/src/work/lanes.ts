import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import { transaction } from '../database/transaction.ts'
import type { LaneId, LaneSettings, WorkItem } from './work-kind.ts'

/** A lane this worker has leased. A later lease of the same lane has a higher epoch and fences this one off. */
export type HeldLane = LaneId & LaneSettings & { epoch: number }

const leaseSeconds = 10
/** How long a lane is leased at a time. */
export const leaseMs = leaseSeconds * 1_000

const columnsOf = (lanes: readonly LaneId[]) =>
  [lanes.map((lane) => lane.workspaceId), lanes.map((lane) => lane.kind), lanes.map((lane) => lane.key)] as const

type LaneRow = {
  workspace_id: string
  kind: string
  key: string
  epoch: number
  max_running: number | null
  per_second: number | null
  catch_up_per_second: number | null
  ordered: boolean
}

const heldColumns = sql`l.workspace_id, l.kind, l.key, l.epoch, l.max_running, l.per_second, l.catch_up_per_second, l.ordered`

const held = (row: LaneRow): HeldLane => ({
  workspaceId: row.workspace_id,
  kind: row.kind,
  key: row.key,
  epoch: row.epoch,
  maxRunning: row.max_running,
  perSecond: row.per_second,
  catchUpPerSecond: row.catch_up_per_second,
  ordered: row.ordered,
})

type Lease = {
  kinds: string[]
  owner: string
  now: Date
  limit: number
  /** How many times what is left of `limit` a workspace may have, and how many it has already. */
  ratio?: number
  holding?: ReadonlyMap<string, number>
}

/**
 * Takes up to `limit` due lanes that nobody holds: workspaces take turns, those with the fewest held first, and within each
 * the longest overdue. Leases run on the database's clock.
 */
export const leaseLanes = async (
  db: Db,
  { kinds, owner, now, limit, ratio = limit, holding = new Map() }: Lease,
): Promise<HeldLane[]> => {
  const free = sql`l.next_due_at <= ${now} and l.kind = any(${kinds}) and not l.paused and (l.lease_until is null or l.lease_until < now())`
  const { rows } = await sql<LaneRow>`
    with due as (
      select l.workspace_id, l.kind, l.key, l.next_due_at,
        coalesce(h.n, 0) + row_number() over (partition by l.workspace_id order by l.next_due_at) as place
      from lanes l
      left join unnest(${[...holding.keys()]}::uuid[], ${[...holding.values()]}::integer[]) as h (workspace_id, n)
        on h.workspace_id = l.workspace_id
      where ${free}
    ), first as (
      select *, row_number() over (order by place, next_due_at) as nth from (
        select * from due order by place, next_due_at limit ${limit}
      ) as fewest
    ), allowed as materialized (
      select * from first where place - 1 < ${ratio}::float8 * (${limit} - nth + 1)
    ), mine as materialized (
      select l.workspace_id, l.kind, l.key from lanes l
      join allowed f on l.workspace_id = f.workspace_id and l.kind = f.kind and l.key = f.key
      where ${free} for update of l skip locked
    )
    update lanes l set lease_owner = ${owner}, lease_until = now() + make_interval(secs => ${leaseSeconds}), epoch = l.epoch + 1
    from mine where l.workspace_id = mine.workspace_id and l.kind = mine.kind and l.key = mine.key
    returning ${heldColumns}`.execute(db)
  return rows.map(held)
}

// Lanes are locked in one order everywhere, by kind first, or two processes that touch the same ones wait for each other.
/** Prolongs the leases and returns the lanes that are still ours; the rest were lost and must be dropped at once. */
export const renewLanes = async (db: Db, lanes: readonly HeldLane[]): Promise<HeldLane[]> => {
  if (lanes.length === 0) return []
  const [workspaceIds, kinds, keys] = columnsOf(lanes)
  const epochs = lanes.map((lane) => lane.epoch)
  const { rows } = await sql<LaneRow>`
    update lanes l set lease_until = now() + make_interval(secs => ${leaseSeconds})
    from (
      select m.workspace_id, m.kind, m.key from lanes m
      join unnest(${workspaceIds}::uuid[], ${kinds}::text[], ${keys}::uuid[], ${epochs}::bigint[]) as h (workspace_id, kind, key, epoch)
        on m.workspace_id = h.workspace_id and m.kind = h.kind and m.key = h.key and m.epoch = h.epoch
      where not m.paused order by m.kind, m.workspace_id, m.key for update of m
    ) mine
    where l.workspace_id = mine.workspace_id and l.kind = mine.kind and l.key = mine.key
    returning ${heldColumns}`.execute(db)
  return rows.map(held)
}

type ItemRow = {
  workspace_id: string
  kind: string
  key: string
  id: string
  band: number
  attempt: number
  due_at: Date
  payload: string
  number: string | number | null
  created_at: Date
}

const ofRow = (row: ItemRow): WorkItem => ({
  workspaceId: row.workspace_id,
  kind: row.kind,
  key: row.key,
  id: row.id,
  number: row.number === null ? null : Number(row.number),
  band: row.band,
  attempt: row.attempt,
  dueAt: row.due_at,
  payload: row.payload,
  createdAt: row.created_at,
})

// By number, whatever is due: an item that waits for its retry holds up those behind it. What has no number comes last.
const readOrdered = async (db: Db, lanes: readonly LaneId[], now: Date, limit: number): Promise<WorkItem[]> => {
  if (lanes.length === 0) return []
  const [workspaceIds, kinds, keys] = columnsOf(lanes)
  const { rows } = await sql<ItemRow & { place: number }>`
    select first.* from unnest(${workspaceIds}::uuid[], ${kinds}::text[], ${keys}::uuid[]) with ordinality as h (workspace_id, kind, key, place)
    cross join lateral (
      select i.*, h.place from work_items i
      where i.workspace_id = h.workspace_id and i.kind = h.kind and i.key = h.key
      order by i.number, i.id limit ${limit}
    ) first order by first.place, first.number, first.id`.execute(db)
  const blocked = new Set<number>()
  return rows
    .filter((row) => {
      if (row.due_at > now) blocked.add(row.place)
      return !blocked.has(row.place)
    })
    .map(ofRow)
}

const readUnordered = async (db: Db, lanes: readonly LaneId[], now: Date, limit: number): Promise<WorkItem[]> => {
  if (lanes.length === 0) return []
  const [workspaceIds, kinds, keys] = columnsOf(lanes)
  // One index range a band: without the inner join a lane with many retries in the future would be walked past them.
  const { rows } = await sql<ItemRow>`
    select due.* from unnest(${workspaceIds}::uuid[], ${kinds}::text[], ${keys}::uuid[]) as h (workspace_id, kind, key)
    cross join lateral (
      select w.* from (values (0::smallint), (1::smallint), (2::smallint)) as b (band)
      cross join lateral (
        select * from work_items i
        where i.workspace_id = h.workspace_id and i.kind = h.kind and i.key = h.key and i.band = b.band and i.due_at <= ${now}
        order by i.due_at, i.id limit ${limit}
      ) w
      order by w.band, w.due_at, w.id limit ${limit}
    ) due`.execute(db)
  return rows.map(ofRow)
}

/** Due items of the lanes, fresh ones before retries before catching up, at most `limit` a lane. Writes nothing. */
export const readDueItems = async (
  db: Db,
  lanes: readonly (LaneId & { ordered: boolean })[],
  now: Date,
  limit: number,
): Promise<WorkItem[]> => [
  ...(await readUnordered(
    db,
    lanes.filter(({ ordered }) => !ordered),
    now,
    limit,
  )),
  ...(await readOrdered(
    db,
    lanes.filter(({ ordered }) => ordered),
    now,
    limit,
  )),
]

/**
 * Gives lanes back, each with the time of its next item; one that has due items left stands behind all that wait. The lane
 * is locked first and its items are read by a second statement: work committed in between holds that lock, so it is seen
 * here or it wakes the lane itself afterwards.
 */
export const releaseLanes = async (db: Db, lanes: readonly HeldLane[], now: Date): Promise<void> => {
  if (lanes.length === 0) return
  const [workspaceIds, kinds, keys] = columnsOf(lanes)
  const epochs = lanes.map((lane) => lane.epoch)
  const mine = sql`unnest(${workspaceIds}::uuid[], ${kinds}::text[], ${keys}::uuid[], ${epochs}::bigint[]) as h (workspace_id, kind, key, epoch)`
  await transaction(db, async (tx) => {
    await sql`select 1 from lanes l join ${mine}
      on l.workspace_id = h.workspace_id and l.kind = h.kind and l.key = h.key and l.epoch = h.epoch
      order by l.kind, l.workspace_id, l.key for update of l`.execute(tx)
    await sql`update lanes l set lease_owner = null, lease_until = null, next_due_at = case when l.ordered then (
        select greatest(i.due_at, ${now}) from work_items i
        where i.workspace_id = l.workspace_id and i.kind = l.kind and i.key = l.key
        order by i.number, i.id limit 1
      ) else (
        select greatest(min(first.due_at), ${now}) from (values (0::smallint), (1::smallint), (2::smallint)) as b (band)
        cross join lateral (
          select i.due_at from work_items i
          where i.workspace_id = l.workspace_id and i.kind = l.kind and i.key = l.key and i.band = b.band
          order by i.due_at limit 1
        ) first
        having min(first.due_at) is not null
      ) end
      from ${mine}
      where l.workspace_id = h.workspace_id and l.kind = h.kind and l.key = h.key and l.epoch = h.epoch`.execute(tx)
  })
}

/**
 * The second net: wakes lanes that nobody holds and that sleep although something in them is due. No path is known on which
 * work falls asleep so; in an ordered lane what waits behind its first item is due, and it is looked at in vain.
 */
export const wakeSleepers = async (db: Db, now: Date): Promise<void> => {
  await sql`
    update lanes set next_due_at = ${now} where (workspace_id, kind, key) in (
      select l.workspace_id, l.kind, l.key from lanes l
      where (l.next_due_at is null or l.next_due_at > ${now}) and not l.paused and (l.lease_until is null or l.lease_until < now())
        and exists (
          select from work_items i where i.workspace_id = l.workspace_id and i.kind = l.kind and i.key = l.key
            and i.band = any('{0,1,2}'::smallint[]) and i.due_at <= ${now})
      for update skip locked)`.execute(db)
}

/** A paused lane collects work and is not leased; whoever holds it loses it at the next renewal. */
export const pauseLane = async (tx: Db, lane: LaneId): Promise<void> => {
  await sql`insert into lanes (workspace_id, kind, key, paused) values (${lane.workspaceId}, ${lane.kind}, ${lane.key}, true)
    on conflict (workspace_id, kind, key) do update set paused = true`.execute(tx)
}

/** Opens the lane again; what it collected is due from now. */
export const resumeLane = async (tx: Db, lane: LaneId, now: Date): Promise<void> => {
  await sql`update lanes set paused = false, next_due_at = ${now}
    where workspace_id = ${lane.workspaceId} and kind = ${lane.kind} and key = ${lane.key}`.execute(tx)
}

/** Sets how fast a lane goes. Whoever holds it learns of it at the next renewal. */
export const tuneLane = async (
  tx: Db,
  lane: LaneId,
  settings: Omit<LaneSettings, 'catchUpPerSecond'>,
): Promise<void> => {
  const { maxRunning, perSecond, ordered } = settings
  await sql`insert into lanes (workspace_id, kind, key, max_running, per_second, ordered)
    values (${lane.workspaceId}, ${lane.kind}, ${lane.key}, ${maxRunning}, ${perSecond}, ${ordered})
    on conflict (workspace_id, kind, key) do update
      set max_running = excluded.max_running, per_second = excluded.per_second, ordered = excluded.ordered,
        next_due_at = case when lanes.ordered <> excluded.ordered then now() else lanes.next_due_at end`.execute(tx)
}

/** Sets how many a second a lane may catch up with; null for what is usual. */
export const tuneCatchUp = async (tx: Db, lane: LaneId, perSecond: number | null): Promise<void> => {
  await sql`insert into lanes (workspace_id, kind, key, catch_up_per_second)
    values (${lane.workspaceId}, ${lane.kind}, ${lane.key}, ${perSecond})
    on conflict (workspace_id, kind, key) do update set catch_up_per_second = excluded.catch_up_per_second`.execute(tx)
}

/** Takes every lease back. Only for a database that nobody else can have open: its holders are dead. */
export const freeLanes = async (db: Db): Promise<void> => {
  await sql`update lanes set lease_owner = null, lease_until = null, epoch = epoch + 1 where lease_until is not null`.execute(
    db,
  )
}
