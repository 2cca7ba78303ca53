import { type RawBuilder, sql } from 'kysely'
import { plannedAnew } from '../../database/connection.ts'
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
// Read at once to begin with: a page of a log without holes takes few days, and one that is searched a few more.
const fewDays = 8
const someDays = 32
// How many days are opened at first where nobody knows how much of what is looked for they hold, and by how much more after.
const firstChunk = 4
const growth = 4

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** The days that may hold what is looked for, in the order of the walk. */
const readDays = async (
  db: Db,
  workspaceId: string,
  { types, subject, from, to }: LogFilter,
  { order, beyond }: Direction,
  limit: number,
): Promise<Day[]> => {
  const conditions: RawBuilder<unknown>[] = [sql`d.workspace_id = ${workspaceId}`]
  if (beyond !== null) conditions.push(order === 'oldest' ? sql`d.last > ${beyond}` : sql`d.first < ${beyond}`)
  if (from) conditions.push(sql`d.day >= ${dayOf(from)}::text::date`)
  if (to) conditions.push(sql`d.day <= ${dayOf(to)}::text::date`)
  if (types) conditions.push(sql`${sql.ref(subject === undefined ? 'd.types' : 's.types')} && ${[...types]}::text[]`)
  if (subject !== undefined) conditions.push(sql`s.workspace_id = ${workspaceId} and s.subject_id = ${subject}`)
  const source =
    subject === undefined
      ? sql`event_days d`
      : sql`event_subject_days s join event_days d on d.workspace_id = s.workspace_id and d.day = s.day`
  const by = order === 'oldest' ? sql`d.first` : sql`d.last desc`
  const { rows } = await sql<{ day: string; first: number | string; last: number | string }>`
    select d.day::text as day, d.first, d.last from ${source} where ${sql.join(conditions, sql` and `)}
    order by ${by} limit ${limit}`.execute(db)
  return rows.map(({ day, first, last }) => ({ day, first: Number(first), last: Number(last) }))
}

type Range = { begin: Date; end: Date }

// Neighbours become one range; what lies between two others is not opened.
const rangesOf = (days: Iterable<string>, { from, to }: LogFilter): Range[] => {
  const ranges: Range[] = []
  for (const begin of [...days].map((day) => Date.parse(day)).sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.end.getTime() === begin) last.end = new Date(begin + dayMs)
    else ranges.push({ begin: new Date(begin), end: new Date(begin + dayMs) })
  }
  return ranges.map(({ begin, end }) => ({
    begin: from && from > begin ? from : begin,
    end: to && to < end ? to : end,
  }))
}

// By number an index leads past all that lies between the edge of a day and a window within it: where the window holds less,
// it is read by time and sorted. In milliseconds of the log, for want of anything better.
const isNarrow = (ranges: readonly Range[], order: Direction['order']): boolean => {
  const [first, last] = [ranges.at(0)!, ranges.at(-1)!]
  const ahead = order === 'oldest' ? first.begin.getTime() % dayMs : (dayMs - (last.end.getTime() % dayMs)) % dayMs
  return ahead > ranges.reduce((sum, { begin, end }) => sum + end.getTime() - begin.getTime(), 0)
}

const selectWithin = (db: Db, workspaceId: string, ranges: Range[], order: Direction['order']) =>
  db
    .selectFrom('events')
    .modifyFront(sql.raw(plannedAnew))
    .select(['id', 'sequence', 'payload', 'type', 'subject_id'])
    .where('workspace_id', '=', workspaceId)
    .where(({ and, or, eb }) =>
      or(ranges.map(({ begin, end }) => and([eb('created_at', '>=', begin), eb('created_at', '<', end)]))),
    )
    .orderBy(isNarrow(ranges, order) ? sql`sequence + 0` : 'sequence', order === 'oldest' ? 'asc' : 'desc')

/** Events of some days by sequence number, up to but without the number `bound`. */
const readChunk = async (
  db: Db,
  workspaceId: string,
  filter: LogFilter,
  { order, beyond }: Direction,
  { days, bound, limit }: { days: readonly Day[]; bound: number | undefined; limit: number },
): Promise<LogRow[]> => {
  const { types, subject, from, to, delivered } = filter
  const ranges = rangesOf(
    days.map(({ day }) => day),
    { from, to },
  )
  let query = selectWithin(db, workspaceId, ranges, order).limit(limit)
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
  return query.execute()
}

const held = ({ first, last }: Day): number => last - first + 1

type Walked = { rows: number; days: number }

/** How many of the days to open: as many as should hold what is missing, by what the days so far held. */
const chunkSize = (days: readonly Day[], isSparse: boolean, missing: number, walked: Walked): number => {
  if (isSparse && walked.rows === 0) return Math.max(firstChunk, walked.days * growth)
  // Mostly each holds one at the least.
  if (isSparse) return Math.min(missing, Math.ceil((missing * walked.days) / walked.rows) + 1)
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
  const rows: LogRow[] = []
  let at = direction
  let opened = 0
  let atOnce = isSparse ? someDays : fewDays
  let days = await readDays(db, workspaceId, filter, at, atOnce)
  let isCut = days.length === atOnce
  while (days.length > 0 && rows.length < limit) {
    const missing = limit - rows.length
    // A window that begins within a day is looked for in that day alone.
    const isEdge = opened === 0 && (at.order === 'oldest' ? filter.from : filter.to) !== undefined
    const size = isEdge ? 1 : chunkSize(days, isSparse, missing, { rows: rows.length, days: opened })
    const step = stepOf(days, size, at)
    // Of a list that was cut it is not known what the day behind its last begins with.
    if (isCut && step.bound === undefined) {
      atOnce *= growth
      days = await readDays(db, workspaceId, filter, at, atOnce)
      isCut = days.length === atOnce
      continue
    }
    opened += step.days.length
    const span = { days: step.days, bound: step.bound, limit: missing }
    rows.push(...(await readChunk(db, workspaceId, filter, at, span)))
    if (step.bound === undefined) break
    at = { ...at, beyond: at.order === 'oldest' ? step.bound - 1 : step.bound + 1 }
    days = step.left
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
    .modifyFront(sql.raw(plannedAnew))
    .select(['event_at', 'sequence'])
    // Several webhooks may not have got the same event.
    .distinctOn('sequence')
    .where('workspace_id', '=', workspaceId)
  if (types) query = query.where('type', 'in', types)
  if (subject !== undefined) query = query.where('subject_id', '=', subject)
  // The days say between which numbers to look: the account is in the order of the numbers, however long it is.
  const ofDays = db.selectFrom('event_days').where('workspace_id', '=', workspaceId)
  if (from) {
    const first = ofDays
      .select(({ fn }) => fn.min('first').as('first'))
      .where(sql`day`, '>=', sql`${dayOf(from)}::text::date`)
    query = query.where('event_at', '>=', from).where('sequence', '>=', first)
  }
  if (to) {
    const last = ofDays
      .select(({ fn }) => fn.max('last').as('last'))
      .where(sql`day`, '<=', sql`${dayOf(to)}::text::date`)
    query = query.where('event_at', '<', to).where('sequence', '<=', last)
  }
  if (beyond !== null) query = query.where('sequence', order === 'oldest' ? '>' : '<', beyond)
  const found = await query
    .orderBy('sequence', order === 'oldest' ? 'asc' : 'desc')
    .limit(limit)
    .execute()
  if (found.length === 0) return []
  const days = new Set(found.map(({ event_at }) => dayOf(event_at)))
  return selectWithin(db, workspaceId, rangesOf(days, {}), order)
    .where('sequence', '=', sql<number>`any(${found.map(({ sequence }) => sequence)}::bigint[])`)
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
