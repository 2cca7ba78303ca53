export {
  Backfill,
  BackfillEstimate,
  CreateBackfill,
  cancelBackfill,
  createBackfill,
  createBackfillKind,
  getBackfill,
  listBackfills,
  presentBackfill,
} from './backfills/index.ts'
export {
  CreateWebhook,
  checkpointQuery,
  deliveryStatuses,
  EventDelivery,
  EventDeliveryWithAttempts,
  NewWebhook,
  ReplayEvent,
  ReplayEvents,
  Replayed,
  RotatedSecret,
  RotateSecret,
  UpdateWebhook,
  Webhook,
  WebhookCheckpoint,
  WebhookTest,
  WebhookWithMissed,
} from './contract.ts'
export { createWebhook } from './create-webhook.ts'
export { deleteWebhook } from './delete-webhook.ts'
export { createDeliveryKind } from './deliver-event.work.ts'
export { webhookEvents } from './events.ts'
export { expireDeliveries } from './expire-deliveries.ts'
export { createFanOut } from './fan-out.ts'
export { getDelivery } from './get-delivery.ts'
export { getWebhook } from './get-webhook.ts'
export { listAttempts } from './list-attempts.ts'
export { listDeliveries } from './list-deliveries.ts'
export { listWebhooks } from './list-webhooks.ts'
export { noteExpiredDay } from './note-expired.ts'
export { presentWebhook, type WebhookRow } from './present.ts'
export { type AttemptRow, type DeliveryRow, presentAttempt, presentDelivery } from './present-delivery.ts'
export { promoteSecret } from './promote-secret.ts'
export { purgeLanes } from './purge-lanes.ts'
export { purgeSecrets } from './purge-secrets.ts'
export { readCheckpoint } from './read-checkpoint.ts'
export { readMissed } from './read-missed.ts'
export { replayEvent } from './replay-event.ts'
export { replayEvents } from './replay-events.ts'
export { retryDelivery } from './retry-delivery.ts'
export { rotateSecret } from './rotate-secret.ts'
export { testWebhook } from './test-webhook.ts'
export { updateWebhook } from './update-webhook.ts'
