import { sql } from 'kysely'
import type { Db } from '../../../database/open.ts'
import { rangesTable, type SequencedRange } from '../../events/index.ts'
import type { Match } from '../sift-matches.ts'

/** An event that belongs to a backfill, and came too late for its walk. */
export type Late = Match & { backfill_id: string }

/**
 * What a backfill of types beyond the subscription should bring and went, or goes, over before it had its number. Those that
 * look for what failed do not miss it: it never failed.
 */
export const findLate = async (tx: Db, ranges: SequencedRange[]): Promise<Late[]> => {
  // Nearly always there is none, and the log need not be opened to know it. By the latest of each, one step in the index: for
  // any of them the planner reads all backfills there are.
  const { rows: windows } = await sql`
    select from ${rangesTable(ranges)}
    where r.first_at < (
      select max(to_time) from backfills
      where workspace_id = r.workspace_id and types is not null and status <> 'canceled'
    ) limit 1`.execute(tx)
  if (windows.length === 0) return []
  const { rows } = await sql<Late>`
    select distinct on (b.workspace_id, b.webhook_id, e.id)
      b.workspace_id, b.webhook_id, b.id as backfill_id, e.id as event_id, e.type, w.filter
    from ${rangesTable(ranges)}
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

/** Counts them among what their backfills have enqueued. */
export const countLate = async (tx: Db, late: readonly Late[]): Promise<void> => {
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
