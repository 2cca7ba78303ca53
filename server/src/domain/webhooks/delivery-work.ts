import type { DeliveryErrorCode } from './delivery-error.ts'

export type DeliveryTrigger = 'event' | 'manual' | 'replay' | 'backfill'

/** What a waiting delivery carries. Ids are UUIDs. */
export type DeliveryWork = {
  event_id: string
  event_type: string
  trigger: DeliveryTrigger
  generation: number
  /** The backfill that asked for it. */
  backfill_id?: string
  /** Of a replay: the place that the event had among the webhook's deliveries. Fresh ones have it from their lane. */
  number: number | null
  /** Attempts made so far, and those of them that count against the schedule: an interrupted one does not. */
  attempts: number
  failures: number
  /** Of the latest attempt. */
  http_status: number | null
  error_code: DeliveryErrorCode | null
}

export const newDeliveryWork = (
  event: { id: string; type: string },
  trigger: DeliveryTrigger,
  generation: number,
  number: number | null = null,
): DeliveryWork => ({
  event_id: event.id,
  event_type: event.type,
  trigger,
  generation,
  number,
  attempts: 0,
  failures: 0,
  http_status: null,
  error_code: null,
})

export const readDeliveryWork = (payload: string): DeliveryWork => ({ number: null, ...JSON.parse(payload) })
