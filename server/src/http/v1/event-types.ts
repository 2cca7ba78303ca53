import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { EventTypeInfo, presentEventType, typesNamed } from '../../domain/events/index.ts'
import { listOf, pageQuery } from '../../domain/wire.ts'
import { defineEndpoint, ok } from '../endpoint.ts'

const tag = 'Event types'
const defaultLimit = 20

const encodeCursor = (type: string): string => Buffer.from(`3:${type}`).toString('base64url')

const decodeCursor = (cursor: string): string => {
  const [, type] = /^3:([a-z_]+(?:\.[a-z_]+)+)$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (type === undefined)
    throw new AppError('BAD_REQUEST', "'cursor' is not one that this list gave out.", { param: 'cursor' })
  return type
}

export const eventTypeEndpoints = [
  defineEndpoint({
    id: 'event_types_list',
    method: 'GET',
    path: '/v1/event-types',
    access: 'events:read',
    tag,
    summary: 'List the kinds of events',
    description: 'By name, with the schema and an example of each. They are the same in every workspace.',
    query: z.strictObject({
      ...pageQuery,
      type: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .meta({ description: 'A type, an alias, or a family such as `contact.*`.', examples: ['contact.*'] }),
      status: z.enum(['emitted', 'announced']).optional(),
    }),
    responses: { 200: listOf(EventTypeInfo) },
    handler: async ({ query: { limit = defaultLimit, cursor, type = '*', status }, deps: { eventTypes } }) => {
      const after = cursor === undefined ? '' : decodeCursor(cursor)
      const named = new Set(typesNamed(eventTypes, type))
      const rest = eventTypes
        .filter((one) => named.has(one.type) && one.type > after && one.status === (status ?? one.status))
        .sort((a, b) => (a.type < b.type ? -1 : 1))
      const page = rest.slice(0, limit)
      const hasMore = rest.length > limit
      return ok({
        data: page.map(presentEventType),
        has_more: hasMore,
        next_cursor: hasMore ? encodeCursor(page.at(-1)!.type) : null,
      })
    },
  }),
  defineEndpoint({
    id: 'event_types_get',
    method: 'GET',
    path: '/v1/event-types/{type}',
    access: 'events:read',
    tag,
    summary: 'Read a kind of event',
    description: 'By its name or an alias.',
    params: z.object({
      type: z
        .string()
        .min(1)
        .max(100)
        .meta({ examples: ['contact.created'] }),
    }),
    responses: { 200: EventTypeInfo },
    handler: async ({ params: { type }, deps: { eventTypes } }) => {
      const found = eventTypes.find((one) => one.type === type || one.aliases.includes(type))
      if (!found) throw new AppError('NOT_FOUND', `No event is called '${type}'.`)
      return ok(presentEventType(found))
    },
  }),
]
