import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

/** Counts one more notice of a topic in the day of `now` in UTC, and returns how many there are; null when it was `most` already. */
// no event: nothing is told of what is not mailed.
export const countNotice = async (
  tx: Db,
  { workspaceId, topic, now, most }: { workspaceId: string; topic: string; now: Date; most: number },
): Promise<number | null> => {
  const { rows } = await sql<{ count: number }>`
    insert into notice_counts as c (workspace_id, day, topic, count)
    values (${workspaceId}, ${now.toISOString().slice(0, 10)}::date, ${topic}, 1)
    on conflict (workspace_id, day, topic) do update set count = c.count + 1 where c.count < ${most}
    returning c.count`.execute(tx)
  return rows[0]?.count ?? null
}
