import type { DeliveryErrorCode } from './delivery-error.ts'

export type DeliveryTrigger = 'event' | 'manual' | 'replay'

/** What a waiting delivery carries. Ids are UUIDs. */
export type DeliveryWork = {
  event_id: string
  event_type: string
  trigger: DeliveryTrigger
  generation: number
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
): DeliveryWork => ({
  event_id: event.id,
  event_type: event.type,
  trigger,
  generation,
  attempts: 0,
  failures: 0,
  http_status: null,
  error_code: null,
})

export const readDeliveryWork = (payload: string): DeliveryWork => JSON.parse(payload)
