export {
  CreateWebhook,
  deliveryStatuses,
  EventDelivery,
  EventDeliveryWithAttempts,
  NewWebhook,
  ReplayEvent,
  Replayed,
  UpdateWebhook,
  Webhook,
  WebhookTest,
} from './contract.ts'
export { createWebhook } from './create-webhook.ts'
export { deleteWebhook } from './delete-webhook.ts'
export { createDeliveryKind } from './deliver-event.work.ts'
export { webhookEvents } from './events.ts'
export { createFanOut } from './fan-out.ts'
export { getDelivery } from './get-delivery.ts'
export { getWebhook } from './get-webhook.ts'
export { listDeliveries } from './list-deliveries.ts'
export { listWebhooks } from './list-webhooks.ts'
export { presentWebhook } from './present.ts'
export { presentAttempt, presentDelivery } from './present-delivery.ts'
export { replayEvent } from './replay-event.ts'
export { retryDelivery } from './retry-delivery.ts'
export { testWebhook } from './test-webhook.ts'
export { updateWebhook } from './update-webhook.ts'
