import { defineEvent } from '../events/index.ts'
import { PingData, Webhook, WebhookDeletedData } from './contract.ts'

export const webhookCreated = defineEvent({
  type: 'webhook.created',
  description: 'A webhook was registered. Its secret is never in an event.',
  data: Webhook,
})
export const webhookUpdated = defineEvent({
  type: 'webhook.updated',
  description: 'A webhook was changed, or disabled because its endpoint is gone; `data` is the webhook as it is now.',
  data: Webhook,
})
export const webhookDeleted = defineEvent({
  type: 'webhook.deleted',
  description: 'A webhook was deleted.',
  data: WebhookDeletedData,
})
export const testPing = defineEvent({
  type: 'test.ping',
  description: 'A test delivery was asked for. It goes to the tested webhook only and is not kept in the log.',
  data: PingData,
})

export const webhookEvents = [webhookCreated, webhookUpdated, webhookDeleted, testPing]
