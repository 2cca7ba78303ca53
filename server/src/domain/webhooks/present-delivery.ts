import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { DeliveryAttempt, EventDelivery } from './contract.ts'
import { presentDeliveryError } from './delivery-error.ts'
import { readDeliveryWork } from './delivery-work.ts'

/** A delivery in whatever state; a pending one is a work item, a finished one a row of `deliveries`. */
export type DeliveryRow = {
  id: string
  webhook_id: string
  event_id: string
  event_type: string
  status: z.infer<typeof EventDelivery>['status']
  trigger: z.infer<typeof EventDelivery>['trigger']
  number: number | null
  attempts: number
  http_status: number | null
  error_code: string | null
  next_attempt_at: Date | null
  created_at: Date
  finished_at: Date | null
}

type WaitingItem = Pick<Selectable<Tables['work_items']>, 'id' | 'key' | 'due_at' | 'payload' | 'number' | 'created_at'>

// The driver reads 64-bit numbers as text where they might not fit.
const numberOf = (number: number | string | null): number | null => (number === null ? null : Number(number))

export const ofWaitingItem = (item: WaitingItem): DeliveryRow => {
  const { generation: _, failures: __, backfill_id: ___, ...work } = readDeliveryWork(item.payload)
  return {
    ...work,
    id: item.id,
    webhook_id: item.key,
    number: numberOf(item.number ?? work.number),
    status: 'pending',
    next_attempt_at: item.due_at,
    created_at: item.created_at,
    finished_at: null,
  }
}

export const presentDelivery = (row: DeliveryRow): z.infer<typeof EventDelivery> => ({
  id: toWireId('delivery', row.id),
  webhook_id: toWireId('webhook', row.webhook_id),
  event_id: toWireId('event', row.event_id),
  event_type: row.event_type,
  status: row.status,
  trigger: row.trigger,
  sequence: numberOf(row.number),
  attempt_count: row.attempts,
  http_status: row.http_status,
  error: presentDeliveryError(row.error_code),
  next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
})

export type AttemptRow = Selectable<Tables['delivery_attempts']>

export const presentAttempt = (row: AttemptRow): z.infer<typeof DeliveryAttempt> => ({
  number: row.number,
  at: row.at.toISOString(),
  http_status: row.http_status,
  error: presentDeliveryError(row.error_code),
  remote_address: row.remote_address,
  timings_ms: JSON.parse(row.timings),
  request: { headers: JSON.parse(row.request_headers) },
  response:
    row.response_headers === null
      ? null
      : { headers: JSON.parse(row.response_headers), body: row.response_body ?? '', truncated: row.response_truncated },
})
