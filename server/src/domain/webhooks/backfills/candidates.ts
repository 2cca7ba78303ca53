import { sql } from 'kysely'
import { timeOfId } from '../../../base/ids.ts'
import type { Db } from '../../../database/open.ts'
import { type ContentFilter, passesFilter } from '../content-filter.ts'
import { deliveryIdsOf } from '../delivery-id.ts'
import { deliveryKind } from '../lane.ts'

/** What a backfill looks at: events created in [`from`, `to`) and after the event `cursor`, by any of the names. */
export type Span = {
  workspaceId: string
  webhookId: string
  cursor: string | null
  from: Date
  to: Date
  names: readonly string[]
  filter: ContentFilter | null
  mode: 'missing' | 'failed' | 'all'
}

/** An event that is to be sent again, as its next generation, under the number it had there. */
export type Candidate = { id: string; type: string; generation: number; number: number | null }

type EventRow = { id: string; type: string; payload: string | null }
type Looked = { events: EventRow[]; first: string | null; last: string | null; ended: boolean }

// Of a long log with few events that fit, one statement must not read all: whoever waits for it waits as long.
const lookAtMost = 20_000
// These are kept with their text until all are read.
const lookAtMostFiltered = 2_000

/** The next events by any of the names, and the last one that was looked at for them. */
const readEvents = async (db: Db, span: Span, limit: number): Promise<Looked> => {
  const { workspaceId, cursor, from, to, names } = span
  const most = Math.max(limit, span.filter ? lookAtMostFiltered : lookAtMost)
  const payload = span.filter ? sql`e.payload` : sql`null::text`
  const beyond = cursor === null ? sql`true` : sql`(e.created_at, e.id) > (${timeOfId(cursor)}, ${cursor})`
  const since = cursor === null ? from : timeOfId(cursor)
  const { rows } = await sql<{
    id: string | null
    type: string
    payload: string | null
    looked: number | string
    first: string | null
    last: string | null
  }>`
    with looked as materialized (
      select e.id, e.created_at, e.type, e.names, ${payload} as payload from events e
      where e.workspace_id = ${workspaceId} and e.created_at >= ${since} and e.created_at < ${to} and ${beyond}
      order by e.created_at, e.id limit ${most}
    )
    select m.id, m.type, m.payload, (select count(*) from looked) as looked,
      (select id from looked order by created_at, id limit 1) as first,
      (select id from looked order by created_at desc, id desc limit 1) as last
    from (select) one left join lateral (
      select * from looked where names && ${[...names]}::text[] order by created_at, id limit ${limit}
    ) m on true order by m.created_at, m.id`.execute(db)
  const events = rows.filter((row): row is EventRow & (typeof rows)[number] => row.id !== null)
  const { first, last, looked } = rows[0]!
  if (events.length === limit) return { events, first, last: events.at(-1)!.id, ended: false }
  return { events, first, last, ended: Number(looked) < most }
}

type Past = {
  id: string
  generation: number | null
  number: number | string | null
  delivered: boolean
  failed: boolean
  waiting: boolean
}

const readPast = async (db: Db, { workspaceId, webhookId }: Span, ids: readonly string[]): Promise<Past[]> => {
  const ranges = ids.map(deliveryIdsOf)
  const { rows } = await sql<Past>`
    select i.id, d.generation, d.number, coalesce(d.delivered, false) as delivered, coalesce(d.failed, false) as failed,
      exists (
        select from work_items w where w.workspace_id = ${workspaceId} and w.id between i.lowest and i.highest
          and w.kind = ${deliveryKind} and w.key = ${webhookId} and w.payload::json ->> 'event_id' = i.id::text
      ) as waiting
    from unnest(${[...ids]}::uuid[], ${ids.map(timeOfId)}::timestamptz[], ${ranges.map(({ lowest }) => lowest)}::uuid[],
      ${ranges.map(({ highest }) => highest)}::uuid[]) with ordinality as i (id, at, lowest, highest, place)
    left join lateral (
      select max(generation) as generation, max(number) as number, bool_or(status = 'delivered') as delivered,
        bool_or(status <> 'delivered') as failed
      from deliveries d
      where d.workspace_id = ${workspaceId} and d.event_at = i.at and d.id between i.lowest and i.highest and d.webhook_id = ${webhookId} and d.event_id = i.id
    ) d on true
    order by i.place`.execute(db)
  return rows
}

const wanted = (mode: Span['mode'], { delivered, failed, waiting }: Past): boolean =>
  !waiting && (mode === 'all' || (!delivered && (mode === 'missing' || failed)))

/**
 * The next events of a span that are to be sent, out of at most `limit` that fit its names, how far that was, and when the
 * first one looked at happened. What still waits for the webhook is not among them: it arrives by itself.
 */
export const readCandidates = async (
  db: Db,
  span: Span,
  limit: number,
): Promise<{ candidates: Candidate[]; first: Date | null; cursor: string | null; ended: boolean }> => {
  const { events, first, last, ended } = await readEvents(db, span, limit)
  const { filter } = span
  const passing = filter ? events.filter(({ payload }) => passesFilter(filter, JSON.parse(payload!))) : events
  const past =
    passing.length === 0
      ? []
      : await readPast(
          db,
          span,
          passing.map(({ id }) => id),
        )
  const candidates = past.flatMap((one, i) => {
    if (!wanted(span.mode, one)) return []
    const { id, type } = passing[i]!
    const number = one.number === null ? null : Number(one.number)
    return [{ id, type, generation: (one.generation ?? -1) + 1, number }]
  })
  return { candidates, ended, first: first === null ? null : timeOfId(first), cursor: last ?? span.cursor }
}
