import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'

const dayMs = 86_400_000
const subjectsAtOnce = 1_000
const firstId = '00000000-0000-0000-0000-000000000000'

type Place = { workspace_id: string; subject_id: string }

// By what the log still has of the day: an index by day would be written with nearly every event, for this alone.
const deleteSubjectDays = async (system: Db, day: string, workspaceId: string | null): Promise<void> => {
  const [begin, end] = [new Date(day), new Date(Date.parse(day) + dayMs)]
  const ofWorkspace = workspaceId === null ? sql`` : sql`and workspace_id = ${workspaceId}`
  for (let at: Place | undefined = { workspace_id: workspaceId ?? firstId, subject_id: firstId }; at; ) {
    const { rows }: { rows: Place[] } = await sql<Place>`
      with noted as materialized (
        select distinct workspace_id, subject_id from events
        where created_at >= ${begin} and created_at < ${end} and subject_id is not null ${ofWorkspace}
          and (workspace_id, subject_id) > (${at.workspace_id}::uuid, ${at.subject_id}::uuid)
        order by workspace_id, subject_id limit ${subjectsAtOnce}
      ), deleted as (
        delete from event_subject_days d using noted
        where d.workspace_id = noted.workspace_id and d.subject_id = noted.subject_id and d.day = ${day}::text::date
      )
      select workspace_id, subject_id from noted order by workspace_id desc, subject_id desc limit 1`.execute(system)
    at = rows[0]
  }
}

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
        and u.event_at < ${new Date(Date.parse(day) + dayMs)}`.execute(tx)
    // Numbers that a later day has in between would look as if nothing were missing before them.
    await sql`
      update event_days n set first = least(d.last + 1, n.last) from event_days d
      where ${ended} and n.workspace_id = d.workspace_id and n.day > d.day and n.first <= d.last`.execute(tx)
    await sql`delete from event_days d where ${ended}`.execute(tx)
  })
  await deleteSubjectDays(system, day, workspaceId)
}
