import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'

/**
 * Ends a day, `YYYY-MM-DD`, of the log of one workspace, or of all: from now on nothing of it is kept, and a reader who is
 * still in it is told so. The rows themselves are removed after it.
 */
export const endDay = async (system: Db, day: string, workspaceId: string | null): Promise<void> => {
  const ended = sql`d.day = ${day}::text::date and (${workspaceId}::uuid is null or d.workspace_id = ${workspaceId}::uuid)`
  // scope: housekeeping, done for all workspaces at once.
  // no event: an event about events that are gone would be one more to lose.
  await transaction(system, async (tx) => {
    await sql`
      delete from undelivered_events u using event_days d
      where ${ended} and u.workspace_id = d.workspace_id and u.sequence <= d.last
        and u.event_at < ${new Date(Date.parse(day) + 86_400_000)}`.execute(tx)
    // Numbers that a later day has in between would look as if nothing were missing before them.
    await sql`
      update event_days n set first = least(d.last + 1, n.last) from event_days d
      where ${ended} and n.workspace_id = d.workspace_id and n.day > d.day and n.first <= d.last`.execute(tx)
    await sql`delete from event_days d where ${ended}`.execute(tx)
  })
}
