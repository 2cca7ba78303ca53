import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'

/** The sequence number of the oldest event that is kept; of the next one where none is. */
const oldestKept = async (db: Db, workspaceId: string): Promise<number> => {
  const { rows } = await sql<{ oldest: string | number }>`
    select coalesce((select min(first) from event_days where workspace_id = ${workspaceId}),
      (select last + 1 from event_sequences where workspace_id = ${workspaceId}), 1) as oldest`.execute(db)
  return Number(rows[0]!.oldest)
}

/**
 * Throws EVENTS_EXPIRED for a reader who has seen events up to `beyond` and can no longer be told of the next one: it would
 * miss some without knowing. Asked after the page is read, because days end while readers read.
 */
export const requireKept = async (db: Db, workspaceId: string, beyond: number): Promise<void> => {
  const oldest = await oldestKept(db, workspaceId)
  if (beyond === 0 || beyond + 1 >= oldest) return
  throw new AppError(
    'EVENTS_EXPIRED',
    `Events ${beyond + 1} to ${oldest - 1} are no longer kept. Go on with after=${oldest - 1}, or after=0 for all that is kept, and bring what you missed up to date by other means.`,
    { param: 'after', details: { oldest_sequence: oldest } },
  )
}
