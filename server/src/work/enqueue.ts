import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import type { LaneId } from './work-kind.ts'

/** A `numbered` item gets the next number of its lane; its id must be new, or the number would be lost. */
export type NewWork = LaneId & {
  id: string
  band?: number
  dueAt: Date
  payload: string
  attempt?: number
  numbered?: boolean
}

/**
 * Adds work inside the transaction that calls for it, and wakes its lanes. An item whose id is already waiting is left as
 * it is, so the same intent can be enqueued twice. Lanes are touched in one order, by kind first, so that two callers cannot
 * deadlock; a transaction that adds work of several kinds, one after the other, takes them in the order of their names.
 */
export const enqueue = async (tx: Db, work: NewWork[]): Promise<void> => {
  if (work.length === 0) return
  const columns = [
    work.map((item) => item.workspaceId),
    work.map((item) => item.kind),
    work.map((item) => item.key),
    work.map((item) => item.band ?? 0),
    work.map((item) => item.dueAt),
    work.map((item) => item.id),
    work.map((item) => item.attempt ?? 1),
    work.map((item) => item.payload),
    work.map((item) => item.numbered ?? false),
  ] as const
  await sql`
    with incoming as (
      select *, sum(numbered::int) over (partition by workspace_id, kind, key order by place) as ordinal
      from unnest(${columns[0]}::uuid[], ${columns[1]}::text[], ${columns[2]}::uuid[], ${columns[3]}::smallint[],
        ${columns[4]}::timestamptz[], ${columns[5]}::uuid[], ${columns[6]}::smallint[], ${columns[7]}::text[], ${columns[8]}::boolean[])
        with ordinality as t (workspace_id, kind, key, band, due_at, id, attempt, payload, numbered, place)
    ), counted as (
      select workspace_id, kind, key, min(due_at) as due_at, count(*) filter (where numbered) as n from incoming group by 1, 2, 3
    ), woken as (
      -- A lane that was deleted and is made again must not repeat an epoch under which somebody still has its items.
      insert into lanes (workspace_id, kind, key, next_due_at, numbered, epoch)
      select workspace_id, kind, key, due_at, n, (extract(epoch from clock_timestamp()) * 1000)::bigint from counted order by kind, workspace_id, key
      on conflict (workspace_id, kind, key) do update
        set next_due_at = least(lanes.next_due_at, excluded.next_due_at), numbered = lanes.numbered + excluded.numbered
      returning workspace_id, kind, key, numbered
    )
    insert into work_items (workspace_id, kind, key, band, due_at, id, attempt, payload, number, created_at)
    select i.workspace_id, i.kind, i.key, i.band, i.due_at, i.id, i.attempt, i.payload,
      case when i.numbered then w.numbered - c.n + i.ordinal end, now()
    from incoming i join counted c using (workspace_id, kind, key) join woken w using (workspace_id, kind, key)
    on conflict do nothing`.execute(tx)
}
