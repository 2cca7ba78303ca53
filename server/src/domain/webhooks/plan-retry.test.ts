import assert from 'node:assert/strict'
import test from 'node:test'
import { planRetry } from './plan-retry.ts'
import type { Attempt } from './send-delivery.ts'

const now = new Date('2026-03-11T11:22:00.000Z')
const schedule = [0, 300, 1_800, 7_200, 28_800]
const attempt: Attempt = {
  at: now,
  requestHeaders: {},
  response: null,
  httpStatus: null,
  errorCode: 'http_error',
  remoteAddress: null,
  timings: { dns: null, connect: null, tls: null, ttfb: null, total: 0 },
  written: false,
  promoted: null,
}

const secondsUntil = (at: Date | null) => at && (at.getTime() - now.getTime()) / 1_000

const answered = (httpStatus: number, retryAfter: string): Attempt => ({
  ...attempt,
  httpStatus,
  response: { headers: { 'retry-after': retryAfter }, body: '', truncated: false },
})

test('retries come 5 minutes, 30 minutes, 2 hours and 8 hours after the failure before them, then no more', () => {
  const delays = [1, 2, 3, 4, 5].map((failures) =>
    secondsUntil(planRetry(failures, attempt, now, { schedule, random: () => 0.5 })),
  )
  assert.deepEqual(delays, [300, 1_800, 7_200, 28_800, null])
})

test('delays vary by a tenth in both directions', () => {
  assert.equal(secondsUntil(planRetry(1, attempt, now, { schedule, random: () => 0 })), 270)
  assert.equal(secondsUntil(planRetry(1, attempt, now, { schedule, random: () => 1 })), 330)
})

test('Retry-After of 429 and 503 is kept to between once and twice the delay', () => {
  const options = { schedule, random: () => 0 }
  const cases: [number, string, number][] = [
    [429, '400', 400],
    [503, '400', 400],
    [429, '1', 300],
    [503, '86400', 600],
    [503, 'Wed, 11 Mar 2026 11:29:00 GMT', 420],
    [503, 'soon', 270],
    [429, '0', 300],
    [429, '-400', 300],
    [429, '999999999', 600],
    [429, '99999999999999999999', 270],
    [429, 'Infinity', 270],
    [429, '', 270],
    [429, '400, 500', 270],
    [503, 'Wed, 11 Mar 2020 11:29:00 GMT', 300],
    [503, 'Fri, 31 Dec 9999 23:59:59 GMT', 600],
    [503, `${'9'.repeat(10_000)}`, 270],
    [500, '400', 270],
  ]
  for (const [status, header, seconds] of cases)
    assert.equal(secondsUntil(planRetry(1, answered(status, header), now, options)), seconds, `${status} ${header}`)
})
