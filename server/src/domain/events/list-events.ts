import type { Db } from '../../database/open.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type Page, toPage } from '../wire.ts'
import { type EventFilter, typesOf } from './event-filter.ts'
import type { EventType } from './event-type.ts'
import type { EventRow } from './present.ts'
import { type Direction, readLog } from './read-log.ts'
import { requireKept } from './require-kept.ts'

export type EventPage = Direction & { limit: number }

/** Events of the workspace by sequence number, for verbs that have asked for a scope of their own. */
export const findEvents = async (
  db: Db,
  workspaceId: string,
  { type, ...filter }: EventFilter,
  { limit, ...direction }: EventPage,
  { eventTypes }: { eventTypes: readonly EventType[] },
): Promise<Page<EventRow>> => {
  const types = typesOf(type, eventTypes)
  const rows = await readLog(db, workspaceId, { ...filter, types }, direction, limit + 1)
  const { order, beyond } = direction
  // Where the next number is there, nothing is missing before it.
  if (order === 'oldest' && beyond !== null && rows[0]?.sequence !== beyond + 1)
    await requireKept(db, workspaceId, beyond)
  return toPage(rows, limit)
}

/**
 * Events of the workspace by sequence number. `from` is inclusive, `to` is not. Throws EVENTS_EXPIRED for a reader who goes
 * on from a number whose successor is no longer kept.
 */
export const listEvents = async (
  ctx: Ctx,
  filter: EventFilter,
  page: EventPage,
  outside: { eventTypes: readonly EventType[] },
): Promise<Page<EventRow>> => {
  requireScope(ctx, 'events:read')
  return findEvents(ctx.db, ctx.workspaceId, filter, page, outside)
}
