import type { Attempt } from './send-delivery.ts'

export type RetryPolicy = 'standard' | 'extended'

/** Seconds before each attempt of the extended policy: ten attempts in a little over three days. */
export const extendedRetrySeconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const

const jitter = 0.1

// Either form of the header: seconds, or a date.
const askedDelay = ({ httpStatus, response }: Attempt, now: Date): number | null => {
  const header = httpStatus === 429 || httpStatus === 503 ? response?.headers['retry-after'] : undefined
  if (header === undefined) return null
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - now.getTime()) / 1_000
  return Number.isFinite(seconds) ? seconds : null
}

/**
 * When to try again after `failures` failed attempts; null when the schedule has ended. Delays vary by 10 % so that what
 * failed together does not return together; one asked for by Retry-After is kept to between once and twice the schedule's.
 */
export const planRetry = (
  failures: number,
  attempt: Attempt,
  now: Date,
  { schedule, random }: { schedule: readonly number[]; random: () => number },
): Date | null => {
  const base = schedule[failures]
  if (base === undefined) return null
  const asked = askedDelay(attempt, now)
  const seconds =
    asked === null ? base * (1 - jitter + 2 * jitter * random()) : Math.min(Math.max(asked, base), 2 * base)
  return new Date(now.getTime() + Math.round(seconds * 1_000))
}
