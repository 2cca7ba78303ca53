import type { Again, Finished, WorkItem } from '../../work/work-kind.ts'
import type { DeliveryErrorCode } from './delivery-error.ts'
import type { Attempted, DeliveryOutcome } from './delivery-outcome.ts'
import type { DeliveryWork } from './delivery-work.ts'
import { planRetry, type RetryPolicy } from './plan-retry.ts'

/** A delivery that nothing more is tried for. */
export type Final = {
  item: WorkItem
  work: DeliveryWork
  status: 'delivered' | 'failed'
  attempts: number
  httpStatus: number | null
  errorCode: DeliveryErrorCode | null
}

export type Judging = {
  /** Seconds before each attempt, counted from the failure before it. */
  schedules: Record<RetryPolicy, readonly number[]>
  random: () => number
  /** The items that were sent to an endpoint which their webhook has no more: a failure there counts against nothing. */
  outdated: ReadonlySet<string>
}

type Verdict = { final: Final } | { again: Again }

const retryBand = 1
const unsignedMs = 300_000

// An endpoint that wants no more calls is no failure of the delivery: it stays in line, in a lane that is closed.
export const costsNothing = (code: DeliveryErrorCode | null): boolean =>
  code === 'interrupted' || code === 'endpoint_gone'

const judgeAttempt = (
  item: WorkItem,
  { work, attempt, policy }: Attempted,
  now: Date,
  { schedules, random, outdated }: Judging,
): Verdict => {
  const { httpStatus, errorCode } = attempt
  const attempts = work.attempts + 1
  const final = (status: Final['status']): Verdict => ({
    final: { item, work, status, attempts, httpStatus, errorCode },
  })
  if (errorCode === null) return final('delivered')
  const inLine = outdated.has(item.id) || costsNothing(errorCode)
  const failures = work.failures + (inLine ? 0 : 1)
  const dueAt = inLine ? now : planRetry(failures, attempt, now, { schedule: schedules[policy], random })
  if (dueAt === null) return final('failed')
  const next: DeliveryWork = { ...work, attempts, failures, http_status: httpStatus, error_code: errorCode }
  return { again: { id: item.id, dueAt, band: inLine ? item.band : retryBand, payload: JSON.stringify(next) } }
}

/** Whether a delivery is over with an outcome, or when it comes again. */
export const judgeDelivery = ({ item, result }: Finished<DeliveryOutcome>, now: Date, options: Judging): Verdict => {
  const { work } = result
  if (result.outcome === 'attempted') return judgeAttempt(item, result, now, options)
  if (result.outcome === 'postponed') return { again: { id: item.id, dueAt: item.dueAt, band: item.band } }
  const next: DeliveryWork = { ...work, http_status: null, error_code: 'secret_unavailable' }
  const dueAt = new Date(now.getTime() + unsignedMs)
  return { again: { id: item.id, dueAt, band: retryBand, payload: JSON.stringify(next) } }
}
