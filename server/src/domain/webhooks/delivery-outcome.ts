import type { DeliveryWork } from './delivery-work.ts'
import type { RetryPolicy } from './plan-retry.ts'
import type { Attempt } from './send-delivery.ts'

/**
 * `postponed`: nothing was sent, the item steps back in line. `unsigned`: nothing was sent either, because the secret could
 * not be opened, which is not the receiver's fault and uses up no attempt.
 */
export type DeliveryOutcome =
  | {
      outcome: 'attempted'
      work: DeliveryWork
      attempt: Attempt
      policy: RetryPolicy
      /** It has failed since it last succeeded, as far as was known when the attempt began. */
      inTrouble: boolean
      /** Of the endpoint that it was sent to. */
      version: number
      /** The version of the secret that was accepted for the legacy signature, where it was not the usual one. */
      promote: number | null
    }
  | { outcome: 'postponed'; work: DeliveryWork }
  | { outcome: 'unsigned'; work: DeliveryWork }

export type Attempted = Extract<DeliveryOutcome, { outcome: 'attempted' }>
