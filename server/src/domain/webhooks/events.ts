import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import {
  DeliveriesExpiredData,
  EndpointDisabledData,
  EndpointFailingData,
  EndpointRecoveredData,
  PingData,
  Webhook,
  WebhookDeletedData,
} from './contract.ts'

const webhook: z.input<typeof Webhook> = {
  id: 'wh_01kah3r4zse0ztb0g2k2v2r4q1',
  url: 'https://example.com/hooks/parley',
  events: ['*'],
  description: null,
  status: 'active',
  disabled_reason: null,
  filter: null,
  headers: {},
  max_in_flight: 8,
  max_per_second: null,
  fifo: false,
  retry_policy: 'standard',
  previous_secrets_until: null,
  legacy_signature: 'current',
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}

export const webhookCreated = defineEvent({
  type: 'webhook.created',
  description: 'A webhook was registered. Its secret is never in an event.',
  data: Webhook,
  example: webhook,
})
export const webhookUpdated = defineEvent({
  type: 'webhook.updated',
  description: 'A webhook was changed, or disabled because its endpoint is gone; `data` is the webhook as it is now.',
  data: Webhook,
  example: {
    ...webhook,
    status: 'disabled',
    disabled_reason: 'endpoint_gone',
    updated_at: '2026-03-12T08:30:00.000Z',
  },
})
export const webhookDeleted = defineEvent({
  type: 'webhook.deleted',
  description: 'A webhook was deleted.',
  data: WebhookDeletedData,
  example: { id: webhook.id, deleted_at: '2026-03-11T11:22:00.000Z' },
})
const trouble = {
  webhook_id: webhook.id,
  url: webhook.url,
  first_failure_at: '2026-03-11T11:22:00.000Z',
  last_failure_at: '2026-03-12T11:20:00.000Z',
  failed_attempts: 214,
  failed_deliveries: 17,
}

export const webhookEndpointFailing = defineEvent({
  type: 'webhook.endpoint.failing',
  description:
    'A webhook has had nothing but failures for a day, and again for three days. Not sent to the webhook it is about.',
  data: EndpointFailingData,
  example: { ...trouble, failing_for_hours: 24, disabled_from: '2026-03-16T11:22:00.000Z' },
})
export const webhookEndpointDisabled = defineEvent({
  type: 'webhook.endpoint.disabled',
  description:
    'A webhook was disabled: it answered 410, or failed for five days. It goes on collecting. Not sent to the webhook it is about.',
  data: EndpointDisabledData,
  example: {
    webhook_id: webhook.id,
    url: webhook.url,
    reason: 'endpoint_failing',
    disabled_at: '2026-03-16T11:25:00.000Z',
    missed_from: '2026-03-11T11:21:58.114Z',
  },
})
export const webhookEndpointRecovered = defineEvent({
  type: 'webhook.endpoint.recovered',
  description:
    'A delivery arrived after others had failed for good; says what was missed, so that it can be backfilled. Not sent to the webhook it is about.',
  data: EndpointRecoveredData,
  example: { ...trouble, missed_from: '2026-03-11T11:21:58.114Z', missed_to: trouble.last_failure_at },
})
export const webhookDeliveriesExpired = defineEvent({
  type: 'webhook.deliveries_expired',
  description:
    'Deliveries that still waited for a paused or disabled webhook were given up, because their events are no longer kept. Not sent to the webhook it is about.',
  data: DeliveriesExpiredData,
  example: {
    webhook_id: webhook.id,
    count: 1_204,
    from: '2026-03-11T00:00:02.114Z',
    to: '2026-03-11T23:59:58.870Z',
  },
})
export const testPing = defineEvent({
  type: 'test.ping',
  description: 'A test delivery was asked for. It goes to the tested webhook only and is not kept in the log.',
  data: PingData,
  example: { webhook_id: webhook.id, message: 'This is a test delivery.' },
  logged: false,
})

export const webhookEvents = [
  webhookCreated,
  webhookUpdated,
  webhookDeleted,
  webhookEndpointFailing,
  webhookEndpointDisabled,
  webhookEndpointRecovered,
  webhookDeliveriesExpired,
  testPing,
]
