import { sql } from 'kysely'
import type { Db } from '../../../database/open.ts'

/**
 * A delivery of a backfill that has ended. `isItsOwn`: nobody retried it by hand, so that a cancellation would have taken it
 * back.
 */
export type Ended = { workspaceId: string; backfillId: string; status: 'delivered' | 'failed'; isItsOwn: boolean }

/** Counts what became of the deliveries of backfills. What a cancellation had counted as its own has ended after all. */
export const noteFinished = async (tx: Db, ended: readonly Ended[]): Promise<void> => {
  if (ended.length === 0) return
  const column = <Value>(read: (one: Ended) => Value) => ended.map(read)
  await sql`
    with counted as (
      select workspace_id, id, count(*) filter (where status = 'delivered') as delivered, count(*) filter (where status = 'failed') as failed,
        count(*) filter (where is_its_own) as its_own
      from unnest(${column((one) => one.workspaceId)}::uuid[], ${column((one) => one.backfillId)}::uuid[],
        ${column((one) => one.status)}::text[], ${column((one) => one.isItsOwn)}::boolean[]) as e (workspace_id, id, status, is_its_own)
      group by 1, 2
    ), locked as materialized (
      select b.workspace_id, b.id from backfills b join counted c on c.workspace_id = b.workspace_id and c.id = b.id
      order by 1, 2 for update of b
    )
    update backfills b set delivered = b.delivered + c.delivered, failed = b.failed + c.failed,
      canceled = case when b.status = 'canceled' then greatest(0, b.canceled - c.its_own) else b.canceled end
    from counted c join locked l on l.workspace_id = c.workspace_id and l.id = c.id
    where b.workspace_id = c.workspace_id and b.id = c.id`.execute(tx)
}
