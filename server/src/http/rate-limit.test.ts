import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createRateLimiter, rateLimitHeaders } from './rate-limit.ts'

const minute = 60_000
const start = Date.UTC(2026, 2, 11, 11, 22)

const makeLimiter = () => {
  let now = start
  const limiter = createRateLimiter({ now: () => new Date(now) })
  return { limiter, at: () => now, pass: (ms: number) => (now += ms) }
}

/** The model itself: admitted requests of this minute, and of the last one as far as it is still within reach. */
const weightOf = (admitted: readonly number[], now: number): number => {
  const window = Math.floor(now / minute)
  const inWindow = (n: number) => admitted.filter((at) => Math.floor(at / minute) === n)
  const before = inWindow(window - 1)
  const reach = before.some((at) => now < at + minute) ? 1 - (now % minute) / minute : 0
  return inWindow(window).length + before.length * reach
}

const steps = fc.array(
  fc.record({
    pass: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 90_000 })),
    bucket: fc.constantFrom('a', 'b'),
  }),
  { maxLength: 250 },
)

test('a bucket admits exactly what the two counters leave, and never more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (perMinute, walk) => {
      const { limiter, at, pass } = makeLimiter()
      const admitted: Record<string, number[]> = { a: [], b: [] }
      for (const step of walk) {
        pass(step.pass)
        const seen = admitted[step.bucket]!
        const before = weightOf(seen, at())
        const { allowed, remaining } = limiter.take([{ name: step.bucket, perMinute }])
        assert.equal(allowed, Math.floor(perMinute - before) >= 1)
        if (allowed) seen.push(at())
        assert.equal(remaining, Math.max(0, Math.floor(perMinute - weightOf(seen, at()))))
        assert.ok(weightOf(seen, at()) <= perMinute + 1e-9)
      }
      // No calendar minute and no sliding minute of one steady caller ever holds more than twice the limit of a burst.
      for (const seen of Object.values(admitted))
        for (const from of seen)
          assert.ok(seen.filter((moment) => moment >= from && moment < from + minute).length < 2 * perMinute)
    }),
    { numRuns: 150 },
  )
})

test('a refused caller who waits as long as it was told is admitted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (perMinute, walk) => {
      const { limiter, at, pass } = makeLimiter()
      const bucket = { name: 'a', perMinute }
      for (const step of walk) {
        pass(step.pass % 2_000)
        const refused = limiter.take([bucket])
        if (refused.allowed) continue
        assert.ok(Number.isInteger(refused.retryAfter) && refused.retryAfter >= 1 && refused.retryAfter <= 60)
        assert.ok(refused.resetAt * 1_000 >= at() && refused.resetAt * 1_000 <= at() + minute + 1_000)
        pass(refused.retryAfter * 1_000)
        assert.ok(limiter.take([bucket]).allowed)
      }
    }),
    { numRuns: 150 },
  )
})

test('whoever used a small limit up at once waits a minute, not two', () => {
  for (const perMinute of [1, 2, 3, 5]) {
    const { limiter, pass } = makeLimiter()
    const bucket = { name: 'a', perMinute }
    pass(17_000)
    for (let i = 0; i < perMinute; i++) assert.ok(limiter.take([bucket]).allowed)
    const { allowed, retryAfter, resetAt } = limiter.take([bucket])
    assert.deepEqual([allowed, retryAfter <= 60, resetAt <= (start + 77_000) / 1_000], [false, true, true])
    pass(60_000)
    assert.equal(limiter.take([bucket]).remaining, perMinute - 1)
  }
})

test('a request that one bucket refuses weighs on none, and the tighter bucket is reported', () => {
  const { limiter } = makeLimiter()
  const [key, workspace] = [
    { name: 'key', perMinute: 5 },
    { name: 'workspace', perMinute: 2 },
  ]
  assert.deepEqual(limiter.take([key, workspace]).remaining, 1)
  assert.equal(limiter.take([key, workspace]).limit, 2)
  for (let i = 0; i < 10; i++) assert.equal(limiter.take([key, workspace]).allowed, false)
  assert.equal(limiter.peek(key).remaining, 3)
  assert.equal(limiter.take([key]).remaining, 2)
})

test('looking counts nothing', () => {
  const { limiter } = makeLimiter()
  for (let i = 0; i < 5; i++) assert.equal(limiter.peek({ name: 'a', perMinute: 3 }).remaining, 3)
})

test('a bucket is forgotten only when it no longer matters', () => {
  const { limiter, pass } = makeLimiter()
  const bucket = { name: 'a', perMinute: 2 }
  limiter.take([bucket])
  limiter.take([bucket])
  // Others come and turn the generations; the full bucket stays full.
  for (let i = 0; i < 100; i++) limiter.take([{ name: `other ${i}`, perMinute: 2 }])
  assert.equal(limiter.take([bucket]).allowed, false)
  pass(3 * minute)
  assert.equal(limiter.take([bucket]).remaining, 1)
})

test('the headers say the same in both spellings', () => {
  const { limiter, at } = makeLimiter()
  const headers = rateLimitHeaders(limiter.take([{ name: 'a', perMinute: 60 }]), new Date(at() + 500))
  assert.deepEqual(headers, {
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '59',
    'x-ratelimit-reset': String(start / 1_000 + 60),
    'ratelimit-policy': '"default";q=60;w=60',
    ratelimit: '"default";r=59;t=60',
  })
})
