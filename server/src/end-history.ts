import { sql } from 'kysely'
import type { Clock } from './base/clock.ts'
import type { Log } from './base/log.ts'
import { deleteDay } from './database/delete-day.ts'
import type { Database } from './database/open.ts'
import { dayOf } from './database/partitions.ts'
import { endDay } from './domain/events/index.ts'
import { expireDeliveries, noteExpiredDay } from './domain/webhooks/index.ts'

type Outside = { database: Database; clock: Clock; log: Log }
type Due = { id: string; mode: 'live' | 'sandbox'; retention_days: number; kept_from: string }

const longestRetention = async ({ system }: Database): Promise<number | null> => {
  const { rows } = await sql<{ days: number | null }>`
    select max(retention_days) as days from plans p where exists (select from workspaces w where w.plan_id = p.id)`.execute(
    system,
  )
  return rows[0]!.days
}

// What has no number yet is not in the log, and its day must be there when it gets one.
const oldestWaiting = async ({ system }: Database): Promise<Date | undefined> =>
  (await system.selectFrom('event_outbox').select('created_at').orderBy('id').limit(1).executeTakeFirst())?.created_at

/** Workspaces that have something older than their plan keeps, and the day from which on they have it. */
const readDue = async ({ system }: Database, today: string, longest: number): Promise<Due[]> => {
  const { rows } = await sql<Due>`
    select w.id, w.mode, p.retention_days, coalesce(h.kept_from, (w.created_at at time zone 'UTC')::date)::text as kept_from
    from workspaces w join plans p on p.id = w.plan_id left join workspace_history h on h.workspace_id = w.id
    where case when p.retention_days < ${longest}
      then coalesce(h.kept_from, (w.created_at at time zone 'UTC')::date) < ${today}::text::date - p.retention_days
      else exists (select from event_days d where d.workspace_id = w.id and d.day < ${today}::text::date - p.retention_days)
    end`.execute(system)
  return rows
}

// No event: what the plan keeps was told with the plan.
const endShorter = async ({ database }: Outside, { id, kept_from }: Due, cutoff: string, days: string[]) => {
  for (const day of days.filter((each) => each >= kept_from && each < cutoff)) {
    await noteExpiredDay(database.system, day, id)
    await endDay(database.system, day, id)
    await deleteDay(database.system, id, day)
  }
  await sql`
    insert into workspace_history (workspace_id, kept_from) values (${id}, ${cutoff}::text::date)
    on conflict (workspace_id) do update set kept_from = excluded.kept_from`.execute(database.system)
}

/**
 * Ends what is older than the plans keep: of workspaces whose plan keeps less than the longest of all by deleting, and whole
 * days that no plan in use keeps by dropping. What still waits to be delivered is given up before, and said to be.
 */
export const endHistory = async (outside: Outside): Promise<void> => {
  const { database, clock, log } = outside
  const now = clock.now()
  const longest = await longestRetention(database)
  if (longest === null) return
  const waiting = await oldestWaiting(database)
  const cutoffOf = (retention: number): string => {
    const day = dayOf(now, -retention)
    return waiting && dayOf(waiting) < day ? dayOf(waiting) : day
  }
  const due = await readDue(database, dayOf(now), longest)
  let expired = 0
  for (const { id, mode, retention_days } of due)
    expired += await expireDeliveries(
      database.system,
      { workspaceId: id, mode },
      new Date(cutoffOf(retention_days)),
      outside,
    )
  const days = await database.listDays()
  const shorter = due.filter(({ retention_days }) => retention_days < longest)
  for (const each of shorter) await endShorter(outside, each, cutoffOf(each.retention_days), days)
  // An attempt may have been under way, and its outcome belongs to the day: it is dropped when nothing waited for it.
  if (expired > 0) return
  for (const day of days.filter((each) => each < cutoffOf(longest))) {
    await noteExpiredDay(database.system, day, null)
    await endDay(database.system, day, null)
    if (await database.dropDay(day)) log.info({ day }, 'a day of history has ended')
    else log.warn({ day }, 'a day of history could not be dropped just now and will be')
  }
}
