import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { Event, type EventPage, getEvent, listEvents, presentEvent, SubjectInput } from '../../domain/events/index.ts'
import { ReplayEvent, ReplayEvents, Replayed, replayEvent, replayEvents } from '../../domain/webhooks/index.ts'
import { booleanQuery, idInput, integerQuery, listOf, pageQuery, timeInput } from '../../domain/wire.ts'
import { accepted, defineEndpoint, ok } from '../endpoint.ts'
import { streamEvents } from '../stream-events.ts'

const params = z.object({ id: idInput('event') })
const tag = 'Events'
const defaultLimit = 20

type PageQuery = { limit?: number | undefined; cursor?: string | undefined; after?: number | undefined }

const cursorPattern = /^2:events([<>])(\d{1,15})$/

const encodeCursor = (order: EventPage['order'], sequence: number): string =>
  Buffer.from(`2:events${order === 'oldest' ? '>' : '<'}${sequence}`).toString('base64url')

// This list is ordered by sequence number and read in both directions; a cursor goes on in its own.
const pageOf = ({ limit = defaultLimit, cursor, after }: PageQuery): EventPage => {
  if (cursor === undefined) return { limit, order: after === undefined ? 'newest' : 'oldest', beyond: after ?? null }
  const [, direction, sequence] = cursorPattern.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (sequence === undefined)
    throw new AppError('BAD_REQUEST', "'cursor' is not one that this list gave out.", { param: 'cursor' })
  return { limit, order: direction === '>' ? 'oldest' : 'newest', beyond: Number(sequence) }
}

const typeQuery = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .meta({ description: 'A type, an alias, or a family such as `contact.*`.', examples: ['contact.created'] })

export const eventEndpoints = [
  defineEndpoint({
    id: 'events_list',
    method: 'GET',
    path: '/v1/events',
    access: 'events:read',
    tag,
    summary: 'Read the log of events',
    description:
      'Newest first. With `after` the log is followed instead: events above that sequence number, oldest first, so that a reader who passes the last `sequence` it has seen misses nothing and sees nothing twice; `after=0` begins at the oldest that is kept, and beyond the newest the list is empty. Filters apply in both directions.',
    query: z.strictObject({
      ...pageQuery,
      type: typeQuery,
      subject: SubjectInput.optional(),
      from: timeInput.optional().meta({ description: 'Created at this moment or later.' }),
      to: timeInput.optional().meta({ description: 'Created before this moment.' }),
      after: integerQuery(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .meta({ description: 'Follow the log from this sequence number.', type: 'integer' }),
      delivery_success: booleanQuery.optional().meta({
        description:
          '`false`: a delivery of it to a webhook has failed, and that webhook has not got it since. `true`: the others.',
      }),
    }),
    responses: { 200: listOf(Event) },
    errors: [410],
    handler: async ({ ctx, query: { delivery_success: delivered, ...query }, deps }) => {
      const page = pageOf(query)
      const { rows, hasMore } = await listEvents(ctx, { ...query, delivered }, page, deps)
      return ok({
        data: rows.map(presentEvent),
        has_more: hasMore,
        next_cursor: hasMore ? encodeCursor(page.order, rows.at(-1)!.sequence) : null,
      })
    },
  }),
  defineEndpoint({
    id: 'events_stream',
    method: 'GET',
    path: '/v1/events/stream',
    access: 'events:read',
    tag,
    summary: 'Follow the log as a stream',
    description:
      'Server-Sent Events: each frame is one event, its `id` the sequence number, its `event` the type and its `data` the event exactly as its receivers get it. Begins with what is recorded from now on; with the header `Last-Event-ID`, or with `after`, behind that sequence number, and misses nothing from there on; 400 when that is beyond the newest. Comments come while nothing happens. A key may have ten of them open at each server process.',
    query: z.strictObject({
      type: typeQuery,
      subject: SubjectInput.optional(),
      after: integerQuery(0, Number.MAX_SAFE_INTEGER).optional().meta({
        description:
          'Begin behind this sequence number; 0 begins at the oldest that is kept. `Last-Event-ID` comes before it.',
        type: 'integer',
      }),
      follow: booleanQuery
        .optional()
        .meta({ description: '`false` ends the stream at the end of the log. Default: true.' }),
    }),
    responses: { 200: Event },
    mediaType: 'text/event-stream',
    streams: Event,
    errors: [410],
    handler: async (call) => streamEvents(call, call.query),
  }),
  defineEndpoint({
    id: 'events_get',
    method: 'GET',
    path: '/v1/events/{id}',
    access: 'events:read',
    tag,
    summary: 'Read an event',
    description:
      'Exactly as its receivers get it. An event is there once it has its sequence number, milliseconds after what it tells of.',
    params,
    responses: { 200: Event },
    handler: async ({ ctx, params: { id } }) => ok(presentEvent(await getEvent(ctx, id))),
  }),
  defineEndpoint({
    id: 'events_replay_many',
    method: 'POST',
    path: '/v1/events/replay',
    access: 'events:replay',
    tag,
    summary: 'Send events again',
    description:
      'Named by their ids, 100 at most, or by a filter that finds 250 at most; for more there is `POST /v1/events/backfill`. All of them or none: 404 when one is not there, 422 when they would be more than 2,500 deliveries.',
    body: ReplayEvents,
    responses: { 202: Replayed },
    errors: [409],
    handler: async ({ ctx, body, deps }) => {
      const due = await replayEvents(ctx, body, deps)
      return accepted({ enqueued: due.length, delivery_ids: due.map((delivery) => toWireId('delivery', delivery)) })
    },
  }),
  defineEndpoint({
    id: 'events_replay',
    method: 'POST',
    path: '/v1/events/{id}/replay',
    access: 'events:replay',
    tag,
    summary: 'Send an event again',
    description:
      'To every webhook that subscribes to it, or to one. The receiver sees the same `webhook-id` and a replay header. 409 when the webhook named is disabled.',
    params,
    body: ReplayEvent,
    responses: { 202: Replayed },
    errors: [409],
    handler: async ({ ctx, params: { id }, body }) => {
      const due = await replayEvent(ctx, id, { webhookId: body.webhook_id })
      return accepted({ enqueued: due.length, delivery_ids: due.map((delivery) => toWireId('delivery', delivery)) })
    },
  }),
]
