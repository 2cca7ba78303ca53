import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { type Allowance, createGenerations, freeAt, type LimitedBucket, minuteMs } from './rate-limit.ts'
import type { LeaseRequests, RequestWindow } from './request-windows.ts'

/**
 * Counts against limits that processes share. `take` answers at once as long as leased requests are left. Where the
 * database could not be asked, the allowance is `uncounted` and whoever asks decides.
 */
export type SharedLimiter = {
  take(buckets: readonly LimitedBucket[]): Allowance | Promise<Allowance>
  /** What a bucket had left when this process last asked, less what it has used since; counts and asks nothing. */
  peek(bucket: LimitedBucket): Allowance
}

// A twentieth: at most so much of a limit lies unused in a process.
const chunkOf = (perMinute: number): number => Math.max(1, Math.floor(perMinute / 20))

// A database that does not answer is asked once a second, not with every request.
const askAgainMs = 1_000

type Bucket = {
  hash: Buffer
  perMinute: number
  /** Leased and not used yet. */
  tokens: number
  /** When the lease was asked for and when its minute ends, by our clock: never later than by the database's. */
  askedAt: number
  endsAt: number
  /** When its minute began, by our clock: never earlier than by the database's. */
  startedAt: number
  taken: number
  earlier: number
  emptyUntil: number
  failedUntil: number
  lease: Promise<void> | undefined
}

type Options = { lease: LeaseRequests; clock: Clock; onError: (error: unknown) => void }

/**
 * The sliding minute of two counters, kept by any number of processes. Why it holds: a lease counts as used when it is
 * granted, in the row of its bucket, and is granted only while `taken + earlier × reach` stays within the limit. It is used
 * later in the same minute or never; until then `reach` only falls and `earlier` stands, so what is used is within it too.
 */
export const createLeasedLimiter = ({ lease, clock, onError }: Options): SharedLimiter => {
  const buckets = createGenerations<Bucket>()

  const bucketOf = ({ name, perMinute }: LimitedBucket, now: number): Bucket => {
    // Apart for each limit: requests that learned of a change at different moments would undo each other's leases for ever.
    const bucket = buckets.get(`${perMinute} ${name}`, now, () => ({
      hash: createHash('sha256').update(name).digest(),
      perMinute,
      tokens: 0,
      askedAt: 0,
      endsAt: 0,
      startedAt: 0,
      taken: 0,
      earlier: 0,
      emptyUntil: 0,
      failedUntil: 0,
      lease: undefined,
    }))
    // A lease dies with its minute. What was learned before a clock went back means nothing any more.
    if (now >= bucket.endsAt) bucket.tokens = 0
    if (now < bucket.askedAt) Object.assign(bucket, { tokens: 0, askedAt: 0, emptyUntil: 0, failedUntil: 0 })
    return bucket
  }

  const sharedLeft = ({ perMinute, taken, earlier, startedAt }: Bucket, now: number): number => {
    const reachMs = Math.min(minuteMs, Math.max(0, startedAt + minuteMs - now))
    return Math.max(0, Math.floor(((perMinute - taken) * minuteMs - earlier * reachMs) / minuteMs))
  }

  const receive = (bucket: Bucket, askedAt: number, { granted, taken, earlier, minute, at }: RequestWindow) => {
    const now = clock.now().getTime()
    const into = at - minute * minuteMs
    bucket.tokens = granted
    bucket.askedAt = askedAt
    bucket.endsAt = askedAt - into + minuteMs
    bucket.startedAt = now - into
    bucket.taken = taken
    bucket.earlier = earlier
    bucket.emptyUntil =
      sharedLeft(bucket, now) >= 1 ? 0 : Math.ceil(freeAt(bucket.perMinute, taken, earlier, bucket.startedAt))
  }

  const refill = async (bucket: Bucket): Promise<void> => {
    const askedAt = clock.now().getTime()
    const { perMinute } = bucket
    try {
      receive(bucket, askedAt, await lease(bucket.hash, perMinute, chunkOf(perMinute)))
    } catch (error) {
      bucket.failedUntil = clock.now().getTime() + askAgainMs
      onError(error)
    } finally {
      bucket.lease = undefined
    }
  }

  const report = (bucket: Bucket, now: number, allowed: boolean): Allowance => {
    const remaining = allowed ? bucket.tokens + sharedLeft(bucket, now) : 0
    const free = remaining > 0 ? now : Math.max(now, bucket.emptyUntil)
    const ends = free > now ? free : bucket.startedAt + minuteMs
    return {
      allowed,
      limit: bucket.perMinute,
      remaining,
      resetAt: Math.ceil(Math.max(now, ends) / 1_000),
      retryAfter: Math.max(1, Math.ceil((free - now) / 1_000)),
    }
  }

  // Undefined: requests must be leased first. Nothing is awaited between the look and the taking.
  const attempt = (wanted: readonly LimitedBucket[]): Allowance | { lacking: Bucket[] } => {
    const now = clock.now().getTime()
    const looked = wanted.map((bucket) => bucketOf(bucket, now))
    const lacking = looked.filter(({ tokens }) => tokens < 1)
    if (lacking.length === 0) {
      for (const bucket of looked) bucket.tokens--
      return looked
        .map((bucket) => report(bucket, now, true))
        .reduce((tightest, other) => (other.remaining < tightest.remaining ? other : tightest))
    }
    const empty = lacking.filter(({ emptyUntil }) => emptyUntil > now)
    if (empty.length > 0) return report(empty.toSorted((a, b) => b.emptyUntil - a.emptyUntil)[0]!, now, false)
    const failed = lacking.find(({ failedUntil }) => failedUntil > now)
    if (failed) return { ...report(failed, now, false), uncounted: true }
    return { lacking }
  }

  const takeLeased = async (wanted: readonly LimitedBucket[], lacking: Bucket[]): Promise<Allowance> => {
    for (let missing = lacking; ; ) {
      await Promise.all(missing.map((bucket) => (bucket.lease ??= refill(bucket))))
      const outcome = attempt(wanted)
      if (!('lacking' in outcome)) return outcome
      missing = outcome.lacking
    }
  }

  return {
    take: (wanted) => {
      const outcome = attempt(wanted)
      return 'lacking' in outcome ? takeLeased(wanted, outcome.lacking) : outcome
    },
    peek: (wanted) => {
      const now = clock.now().getTime()
      return report(bucketOf(wanted, now), now, true)
    },
  }
}
