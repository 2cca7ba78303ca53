import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { openTestDatabase } from '../../test/database.ts'
import type { Clock } from '../base/clock.ts'
import { createLeasedLimiter } from './leased-limiter.ts'
import { createRequestWindows } from './request-windows.ts'

const database = await openTestDatabase()
after(() => database.close())

const minute = 60_000
const start = Date.UTC(2026, 2, 11, 11, 22)

/** Processes on one database, with one clock that the test moves. */
const makeProcesses = (count: number) => {
  let now = start
  let statements = 0
  let failing = false
  const clock: Clock = { now: () => new Date(now) }
  const windows = createRequestWindows(database.system, clock)
  const lease: typeof windows = async (...asked) => {
    statements++
    if (failing) throw new Error('the database is away')
    return windows(...asked)
  }
  const start1 = () => createLeasedLimiter({ lease, clock, onError: () => undefined })
  return {
    processes: Array.from({ length: count }, start1),
    start: start1,
    at: () => now,
    pass: (ms: number) => (now += ms),
    fail: (value: boolean) => (failing = value),
    statements: () => statements,
  }
}

const bucketOf = (perMinute: number) => ({ name: `test ${randomUUID()}`, perMinute })

/** The rule itself: admitted requests of this minute, and of the last one as far as it is still within reach. */
const weightOf = (admitted: readonly number[], now: number): number => {
  const window = Math.floor(now / minute)
  const inWindow = (n: number) => admitted.filter((at) => Math.floor(at / minute) === n).length
  return inWindow(window) + inWindow(window - 1) * (1 - (now % minute) / minute)
}

const steps = fc.array(
  fc.record({
    pass: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 50_000 })),
    process: fc.nat({ max: 2 }),
    burst: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 40 },
)

test('three processes together never admit more than the two counters allow, at any moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90 }), steps, async (perMinute, walk) => {
      const { processes, at, pass } = makeProcesses(3)
      const bucket = bucketOf(perMinute)
      const admitted: number[] = []
      for (const step of walk) {
        pass(step.pass)
        const outcomes = await Promise.all(
          Array.from({ length: step.burst }, () => processes[step.process]!.take([bucket])),
        )
        for (const { allowed, remaining } of outcomes) {
          if (allowed) admitted.push(at())
          assert.ok(remaining < perMinute)
        }
        assert.ok(weightOf(admitted, at()) <= perMinute + 1e-9, `${weightOf(admitted, at())} of ${perMinute}`)
      }
    }),
    { numRuns: 40 },
  )
})

test('a thousand requests at once get exactly the limit, and those of one process share their leases', async () => {
  const { processes, statements } = makeProcesses(1)
  const bucket = bucketOf(300)
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => processes[0]!.take([bucket])))
  const allowed = outcomes.filter((outcome) => outcome.allowed)
  assert.equal(allowed.length, 300)
  assert.deepEqual(
    allowed.map(({ remaining }) => remaining).toSorted((a, b) => b - a),
    Array.from({ length: 300 }, (_, i) => 299 - i),
  )
  assert.equal(statements(), 20)
  for (const { remaining, retryAfter } of outcomes.filter((outcome) => !outcome.allowed)) {
    assert.equal(remaining, 0)
    assert.ok(retryAfter >= 1 && retryAfter <= 120)
  }
})

test('two processes get the limit between them, and what one of them leaves unused is a twentieth at most', async () => {
  const { processes } = makeProcesses(2)
  const bucket = bucketOf(200)
  const hammered = await Promise.all(Array.from({ length: 600 }, (_, i) => processes[i % 2]!.take([bucket])))
  assert.equal(hammered.filter(({ allowed }) => allowed).length, 200)
  const second = bucketOf(200)
  await processes[0]!.take([second])
  const rest = await Promise.all(Array.from({ length: 400 }, () => processes[1]!.take([second])))
  assert.equal(rest.filter(({ allowed }) => allowed).length, 190)
})

test('what a killed process had leased is lost, and lets nothing through a second time', async () => {
  const { processes, start: startAgain } = makeProcesses(1)
  const bucket = bucketOf(100)
  const before = await Promise.all(Array.from({ length: 52 }, () => processes[0]!.take([bucket])))
  const after = await Promise.all(Array.from({ length: 200 }, () => startAgain().take([bucket])))
  assert.equal(before.filter(({ allowed }) => allowed).length, 52)
  assert.ok(after.filter(({ allowed }) => allowed).length <= 45)
})

test('what a process leased dies with its minute, also when others have filled the next one', async () => {
  const { processes, pass } = makeProcesses(2)
  const bucket = bucketOf(100)
  await processes[0]!.take([bucket])
  pass(2 * minute)
  const others = await Promise.all(Array.from({ length: 120 }, () => processes[1]!.take([bucket])))
  assert.equal(others.filter(({ allowed }) => allowed).length, 100)
  assert.equal((await processes[0]!.take([bucket])).allowed, false)
  // Nor does it outlive a clock that goes back.
  pass(-5 * minute)
  const again = await Promise.all(processes.flatMap((each) => Array.from({ length: 120 }, () => each.take([bucket]))))
  assert.equal(again.filter(({ allowed }) => allowed).length, 100)
})

test('a refused caller who waits as long as it was told is admitted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), steps, async (perMinute, walk) => {
      const { processes, at, pass } = makeProcesses(1)
      const bucket = bucketOf(perMinute)
      for (const step of walk) {
        pass(step.pass % 2_000)
        const outcomes = await Promise.all(Array.from({ length: step.burst * 5 }, () => processes[0]!.take([bucket])))
        const refused = outcomes.find(({ allowed }) => !allowed)
        if (!refused) continue
        assert.ok(refused.resetAt * 1_000 >= at())
        pass(refused.retryAfter * 1_000)
        assert.ok((await processes[0]!.take([bucket])).allowed)
      }
    }),
    { numRuns: 25 },
  )
})

test('of two buckets the tighter is reported, and a request that one refuses weighs on none', async () => {
  const { processes } = makeProcesses(1)
  const [key, workspace] = [bucketOf(5), bucketOf(2)]
  const take = async (...buckets: (typeof key)[]) => processes[0]!.take(buckets)
  assert.deepEqual([(await take(key, workspace)).limit, (await take(key, workspace)).remaining], [2, 0])
  for (let i = 0; i < 10; i++) assert.equal((await take(key, workspace)).allowed, false)
  assert.equal((await take(key)).remaining, 2)
})

test('a limit that changes holds from the next request on', async () => {
  const { processes } = makeProcesses(1)
  const { name } = bucketOf(1)
  const take = async (perMinute: number) => processes[0]!.take([{ name, perMinute }])
  for (let i = 0; i < 3; i++) assert.equal((await take(3)).allowed, true)
  assert.equal((await take(3)).allowed, false)
  assert.equal((await take(60)).allowed, true)
  assert.equal((await take(3)).allowed, false)
})

test('requests at the same moment that know different limits are answered after one lease each', async () => {
  const { processes, statements } = makeProcesses(1)
  const { name } = bucketOf(60)
  const process = processes[0]!
  const outcomes = await Promise.all([60, 300, 60, 300].map((perMinute) => process.take([{ name, perMinute }])))
  assert.deepEqual(
    outcomes.map(({ allowed, limit }) => [allowed, limit]),
    [60, 300, 60, 300].map((limit) => [true, limit]),
  )
  assert.equal(statements(), 2)
})

test('refusals cost no statements, and a database that is away is asked once a second', async () => {
  const { processes, statements, fail, pass } = makeProcesses(1)
  const bucket = bucketOf(10)
  for (let i = 0; i < 50; i++) await processes[0]!.take([bucket])
  assert.equal(statements(), 10)
  fail(true)
  const other = bucketOf(10)
  for (let i = 0; i < 5; i++) assert.equal((await processes[0]!.take([other])).uncounted, true)
  assert.equal(statements(), 11)
  fail(false)
  pass(1_000)
  assert.equal((await processes[0]!.take([other])).allowed, true)
})
