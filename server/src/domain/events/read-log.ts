import { type RawBuilder, sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { EventFilter } from './event-filter.ts'
import type { EventRow } from './present.ts'

/** `oldest` goes up from the sequence number `beyond`, `newest` down. */
export type Direction = { order: 'newest' | 'oldest'; beyond: number | null }

export type LogFilter = Omit<EventFilter, 'type'> & { types?: readonly string[] | undefined }

/** A row of the log, with what a filter may ask of it. */
export type LogRow = EventRow & { type: string; subject_id: string | null }

type Day = { day: string; first: number; last: number }

const dayMs = 86_400_000
// Read at once: of a log without holes a page takes few days, and one that is searched may take all.
const fewDays = 8
const manyDays = 400
// Days that are opened at first where nobody knows which of them hold what is looked for, and by how much more at most after.
const firstChunk = 4
const chunkGrowth = 4

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)
const dayBefore = (at: Date): string => dayOf(new Date(at.getTime() - dayMs))

// What an object is told of cannot be older than the object; a day of grace for clocks that differ.
const bornOn = (subject: string): string | undefined => (subject[14] === '7' ? dayBefore(timeOfId(subject)) : undefined)

/** The days that may hold what is looked for, in the order of the walk. */
const readDays = async (
  db: Db,
  workspaceId: string,
  { types, subject, from, to }: LogFilter,
  { order, beyond }: Direction,
  limit: number,
): Promise<Day[]> => {
  const since = [from && dayOf(from), subject && bornOn(subject)].filter((day) => day !== undefined).sort()
  const conditions: RawBuilder<unknown>[] = [sql`workspace_id = ${workspaceId}`]
  if (beyond !== null) conditions.push(order === 'oldest' ? sql`last > ${beyond}` : sql`first < ${beyond}`)
  if (since.length > 0) conditions.push(sql`day >= ${since.at(-1)}::text::date`)
  if (to) conditions.push(sql`day <= ${dayOf(to)}::text::date`)
  if (types) conditions.push(sql`types && ${[...types]}::text[]`)
  const by = order === 'oldest' ? sql`first` : sql`last desc`
  const { rows } = await sql<{ day: string; first: number | string; last: number | string }>`
    select day::text as day, first, last from event_days where ${sql.join(conditions, sql` and `)}
    order by ${by} limit ${limit}`.execute(db)
  return rows.map(({ day, first, last }) => ({ day, first: Number(first), last: Number(last) }))
}

type Range = { begin: Date; end: Date }

// Neighbours become one range; what lies between two others is not opened.
const rangesOf = (days: readonly Day[], { from, to }: LogFilter): Range[] => {
  const ranges: Range[] = []
  for (const begin of days.map(({ day }) => Date.parse(day)).sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.end.getTime() === begin) last.end = new Date(begin + dayMs)
    else ranges.push({ begin: new Date(begin), end: new Date(begin + dayMs) })
  }
  return ranges.map(({ begin, end }) => ({
    begin: from && from > begin ? from : begin,
    end: to && to < end ? to : end,
  }))
}

/** Events of some days by sequence number, up to but without the number `bound`. */
const readChunk = async (
  db: Db,
  workspaceId: string,
  filter: LogFilter,
  { order, beyond }: Direction,
  { days, bound, limit }: { days: readonly Day[]; bound: number | undefined; limit: number },
): Promise<LogRow[]> => {
  const { types, subject, from, to, delivered } = filter
  const ranges = rangesOf(days, { from, to })
  let query = db
    .selectFrom('events')
    .select(['id', 'sequence', 'payload', 'type', 'subject_id'])
    .where('workspace_id', '=', workspaceId)
    .where(({ and, or, eb }) =>
      or(ranges.map(({ begin, end }) => and([eb('created_at', '>=', begin), eb('created_at', '<', end)]))),
    )
  if (types) query = types.length === 1 ? query.where('type', '=', types[0]!) : query.where('type', 'in', types)
  if (subject !== undefined) query = query.where('subject_id', '=', subject)
  if (delivered) {
    query = query.where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('undelivered_events as u')
            .select('u.sequence')
            .where('u.workspace_id', '=', workspaceId)
            .whereRef('u.sequence', '=', 'events.sequence'),
        ),
      ),
    )
  }
  const [ahead, behind] = order === 'oldest' ? (['>', '<'] as const) : (['<', '>'] as const)
  if (beyond !== null) query = query.where('sequence', ahead, beyond)
  if (bound !== undefined) query = query.where('sequence', behind, bound)
  return query
    .orderBy('sequence', order === 'oldest' ? 'asc' : 'desc')
    .limit(limit)
    .execute()
}

const held = ({ first, last }: Day): number => last - first + 1

type Walked = { rows: number; days: number }

/** How many of the days to open: as many as should hold what is missing, by what the days so far held. */
const chunkSize = (days: readonly Day[], isSparse: boolean, missing: number, walked: Walked): number => {
  if (isSparse && walked.days === 0) return firstChunk
  const most = Math.max(firstChunk, walked.days * chunkGrowth)
  if (isSparse) return walked.rows === 0 ? most : Math.min(most, Math.ceil((missing * walked.days) / walked.rows) + 1)
  let count = 1
  // The first of them may lie in part behind the reader.
  for (let sum = 0; count < days.length && sum < missing; count++) sum += held(days[count]!)
  return count
}

type Step = { days: Day[]; bound: number | undefined; left: Day[] }

// Days can overlap: up to what the next one begins with, a chunk is complete; beyond that it is read with the next.
const stepOf = (days: readonly Day[], size: number, { order, beyond }: Direction): Step => {
  const boundAt = (place: number): number | undefined => (order === 'oldest' ? days[place]?.first : days[place]?.last)
  const isBehind = (bound: number | undefined): boolean =>
    bound !== undefined && beyond !== null && (order === 'oldest' ? bound <= beyond + 1 : bound >= beyond - 1)
  let end = size
  while (isBehind(boundAt(end))) end++
  const chunk = days.slice(0, end)
  const bound = boundAt(end)
  if (bound === undefined) return { days: chunk, bound, left: [] }
  const unread = chunk.filter(({ first, last }) => (order === 'oldest' ? last >= bound : first <= bound))
  return { days: chunk, bound, left: [...unread, ...days.slice(end)] }
}

/** Walks the log day by day, opening no more partitions than it takes to find `limit` events. */
const walkLog = async (
  db: Db,
  workspaceId: string,
  filter: LogFilter,
  direction: Direction,
  limit: number,
): Promise<LogRow[]> => {
  const isSparse = filter.types !== undefined || filter.subject !== undefined || filter.delivered !== undefined
  const atOnce = isSparse ? manyDays : fewDays
  const rows: LogRow[] = []
  let at = direction
  let days = await readDays(db, workspaceId, filter, at, atOnce)
  let isCut = days.length === atOnce
  let opened = 0
  while (days.length > 0 && rows.length < limit) {
    const missing = limit - rows.length
    const size = chunkSize(days, isSparse, missing, { rows: rows.length, days: opened })
    // What comes after the last of a cut list is not known: it serves as the bound only.
    const step = stepOf(days, isCut ? Math.min(size, days.length - 1) : size, at)
    opened += step.days.length
    const span = { days: step.days, bound: step.bound, limit: missing }
    rows.push(...(await readChunk(db, workspaceId, filter, at, span)))
    if (step.bound === undefined) break
    at = { ...at, beyond: at.order === 'oldest' ? step.bound - 1 : step.bound + 1 }
    days = step.left
    if (isCut && days.length < atOnce / 2) {
      days = await readDays(db, workspaceId, filter, at, atOnce)
      isCut = days.length === atOnce
    }
  }
  return rows
}

/** Events that did not arrive everywhere, by way of the account of them. */
const readUndelivered = async (
  db: Db,
  workspaceId: string,
  { types, subject, from, to }: LogFilter,
  { order, beyond }: Direction,
  limit: number,
): Promise<LogRow[]> => {
  let query = db
    .selectFrom('undelivered_events')
    .select(['event_id', 'event_at', 'sequence'])
    .distinct()
    .where('workspace_id', '=', workspaceId)
  if (types) query = query.where('type', 'in', types)
  if (subject !== undefined) query = query.where('subject_id', '=', subject)
  if (from) query = query.where('event_at', '>=', from)
  if (to) query = query.where('event_at', '<', to)
  if (beyond !== null) query = query.where('sequence', order === 'oldest' ? '>' : '<', beyond)
  const found = await query
    .orderBy('sequence', order === 'oldest' ? 'asc' : 'desc')
    .limit(limit)
    .execute()
  if (found.length === 0) return []
  const times = found.map(({ event_at }) => event_at.getTime())
  return db
    .selectFrom('events')
    .select(['id', 'sequence', 'payload', 'type', 'subject_id'])
    .where('workspace_id', '=', workspaceId)
    .where('created_at', '>=', new Date(Math.min(...times)))
    .where('created_at', '<=', new Date(Math.max(...times)))
    .where('sequence', '=', sql<number>`any(${found.map(({ sequence }) => sequence)}::bigint[])`)
    .orderBy('sequence', order === 'oldest' ? 'asc' : 'desc')
    .execute()
}

/** At most `limit` events of a workspace by sequence number, none that fits left out in between. */
export const readLog = (
  db: Db,
  workspaceId: string,
  filter: LogFilter,
  direction: Direction,
  limit: number,
): Promise<LogRow[]> =>
  (filter.delivered === false ? readUndelivered : walkLog)(db, workspaceId, filter, direction, limit)
