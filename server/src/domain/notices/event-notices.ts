import type { z } from 'zod'
import type { Letter, Place } from './letter.ts'
import { KeyExpiring, writeKeyExpiring } from './letters/key-expiring.ts'
import { LimitReached, writeLimitReached } from './letters/limit-reached.ts'
import { WebhookDisabled, writeWebhookDisabled } from './letters/webhook-disabled.ts'
import { WebhookFailing, writeWebhookFailing } from './letters/webhook-failing.ts'
import { WebhookRecovered, writeWebhookRecovered } from './letters/webhook-recovered.ts'

/** `isOncePerDay`: of what it is about, it is mailed once in a day, however often it happens. */
export type EventNotice = {
  isOncePerDay: boolean
  /** Throws ZodError for data of another kind of event. */
  write(data: unknown, place: Place): Letter
}

const define = <Data extends z.ZodType>(
  data: Data,
  write: (data: z.output<Data>, place: Place) => Letter,
  { isOncePerDay }: { isOncePerDay: boolean },
): EventNotice => ({ isOncePerDay, write: (given, place) => write(data.parse(given), place) })

/** Every kind of event that people are mailed of, with what they are told. */
export const eventNotices: Readonly<Record<string, EventNotice>> = {
  'api_key.expiring': define(KeyExpiring, writeKeyExpiring, { isOncePerDay: true }),
  'webhook.endpoint.failing': define(WebhookFailing, writeWebhookFailing, { isOncePerDay: true }),
  'webhook.endpoint.disabled': define(WebhookDisabled, writeWebhookDisabled, { isOncePerDay: true }),
  'webhook.endpoint.recovered': define(WebhookRecovered, writeWebhookRecovered, { isOncePerDay: true }),
  // Told of once for each limit, period and value already; two limits have one subject.
  'usage.limit_reached': define(LimitReached, writeLimitReached, { isOncePerDay: false }),
}
