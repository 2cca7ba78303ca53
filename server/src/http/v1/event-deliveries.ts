import { z } from 'zod'
import {
  deliveryStatuses,
  EventDelivery,
  EventDeliveryWithAttempts,
  getDelivery,
  listDeliveries,
  presentAttempt,
  presentDelivery,
  retryDelivery,
} from '../../domain/webhooks/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { accepted, defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('delivery') })
const tag = 'Event deliveries'

export const eventDeliveryEndpoints = [
  defineEndpoint({
    id: 'event_deliveries_list',
    method: 'GET',
    path: '/v1/event-deliveries',
    access: 'events:read',
    tag,
    summary: 'List deliveries of events to webhooks, newest event first',
    query: z.strictObject({
      ...pageQuery,
      webhook_id: idInput('webhook').optional(),
      event_id: idInput('event').optional(),
      status: z.enum(deliveryStatuses).optional(),
    }),
    responses: { 200: listOf(EventDelivery) },
    handler: async ({ ctx, query }) => {
      const filter = { webhookId: query.webhook_id, eventId: query.event_id, status: query.status }
      return ok(presentPage('delivery', await listDeliveries(ctx, filter, pageOf('delivery', query)), presentDelivery))
    },
  }),
  defineEndpoint({
    id: 'event_deliveries_get',
    method: 'GET',
    path: '/v1/event-deliveries/{id}',
    access: 'events:read',
    tag,
    summary: 'Read a delivery with all its attempts',
    params,
    responses: { 200: EventDeliveryWithAttempts },
    handler: async ({ ctx, params: { id } }) => {
      const { row, attempts } = await getDelivery(ctx, id)
      return ok({ ...presentDelivery(row), attempts: attempts.map(presentAttempt) })
    },
  }),
  defineEndpoint({
    id: 'event_deliveries_retry',
    method: 'POST',
    path: '/v1/event-deliveries/{id}/retry',
    access: 'events:replay',
    tag,
    summary: 'Deliver now',
    description:
      'A pending delivery does not wait any longer; a finished one is followed by a new one, which the answer shows. The receiver sees the same `webhook-id` and a replay header. 409 when the webhook is disabled or deleted.',
    params,
    responses: { 202: EventDelivery },
    errors: [409],
    handler: async ({ ctx, params: { id } }) => accepted(presentDelivery(await retryDelivery(ctx, id))),
  }),
]
