import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type Page, toPage } from '../wire.ts'
import { typesNamed } from './event-names.ts'
import type { EventType } from './event-type.ts'
import type { EventRow } from './present.ts'

export type EventFilter = {
  /** A type, an alias, `prefix.*` or `*`. */
  type?: string | undefined
  /** UUID of what the events are about. */
  subject?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

/** `oldest` follows the log upwards from the sequence number `beyond`; `newest` walks it down. */
export type EventPage = { limit: number; order: 'newest' | 'oldest'; beyond: number | null }

const typesOf = (name: string | undefined, eventTypes: readonly EventType[]): string[] | undefined => {
  if (name === undefined || name === '*') return undefined
  const types = typesNamed(eventTypes, name)
  if (types.length === 0)
    throw new AppError('BAD_REQUEST', `No event is called '${name.slice(0, 100)}'.`, { param: 'type' })
  return types
}

/** Events of the workspace by sequence number, for verbs that have asked for a scope of their own. */
export const findEvents = async (
  db: Db,
  workspaceId: string,
  filter: EventFilter,
  page: EventPage,
  { eventTypes }: { eventTypes: readonly EventType[] },
): Promise<Page<EventRow>> => {
  const types = typesOf(filter.type, eventTypes)
  let query = db.selectFrom('events').select(['id', 'sequence', 'payload']).where('workspace_id', '=', workspaceId)
  if (types) query = types.length === 1 ? query.where('type', '=', types[0]!) : query.where('type', 'in', types)
  if (filter.subject !== undefined) query = query.where('subject_id', '=', filter.subject)
  if (filter.from) query = query.where('created_at', '>=', filter.from)
  if (filter.to) query = query.where('created_at', '<', filter.to)
  if (page.beyond !== null) query = query.where('sequence', page.order === 'oldest' ? '>' : '<', page.beyond)
  const rows = await query
    .orderBy('sequence', page.order === 'oldest' ? 'asc' : 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}

/** Events of the workspace by sequence number. `from` is inclusive, `to` is not. */
export const listEvents = async (
  ctx: Ctx,
  filter: EventFilter,
  page: EventPage,
  outside: { eventTypes: readonly EventType[] },
): Promise<Page<EventRow>> => {
  requireScope(ctx, 'events:read')
  return findEvents(ctx.db, ctx.workspaceId, filter, page, outside)
}
