import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import type { LaneId } from './work-kind.ts'

export type NewWork = LaneId & { id: string; band?: number; dueAt: Date; payload: string; attempt?: number }

/**
 * Adds work inside the transaction that calls for it, and wakes its lanes. An item whose id is already waiting is left as
 * it is, so the same intent can be enqueued twice. Lanes are touched in one order, so that two callers cannot deadlock.
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
  ] as const
  await sql`
    with incoming as (
      select * from unnest(${columns[0]}::uuid[], ${columns[1]}::text[], ${columns[2]}::uuid[], ${columns[3]}::smallint[],
        ${columns[4]}::timestamptz[], ${columns[5]}::uuid[], ${columns[6]}::smallint[], ${columns[7]}::text[])
        as t (workspace_id, kind, key, band, due_at, id, attempt, payload)
    ), woken as (
      insert into lanes (workspace_id, kind, key, next_due_at)
      select workspace_id, kind, key, min(due_at) from incoming group by 1, 2, 3 order by 1, 2, 3
      on conflict (workspace_id, kind, key) do update set next_due_at = least(lanes.next_due_at, excluded.next_due_at)
    )
    insert into work_items (workspace_id, kind, key, band, due_at, id, attempt, payload, created_at)
    select workspace_id, kind, key, band, due_at, id, attempt, payload, now() from incoming
    on conflict do nothing`.execute(tx)
}
