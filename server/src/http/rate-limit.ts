import type { Clock } from '../base/clock.ts'

/**
 * What the headers say of the tightest bucket a request fell into. `resetAt`, in unix seconds, is when the minute ends, or
 * when the next request fits where nothing remains; `retryAfter` is how many seconds that takes.
 */
export type Allowance = { allowed: boolean; limit: number; remaining: number; resetAt: number; retryAfter: number }

export type RateLimiter = {
  /** Counts one request against every bucket, or against none when one of them is full. */
  take(buckets: readonly { name: string; perMinute: number }[]): Allowance
  /** What a bucket has left, counting nothing. */
  peek(bucket: { name: string; perMinute: number }): Allowance
}

/** The ceiling where a plan sets none, so that every response can carry true numbers. */
export const unlimitedPerMinute = 1_000_000

const windowMs = 60_000
const maxBuckets = 50_000

type Bucket = { window: number; current: number; previous: number }

/**
 * A sliding minute from two counters: the present minute plus the part of the last one that is still within reach.
 * One process counts for itself.
 */
export const createRateLimiter = (clock: Clock): RateLimiter => {
  let buckets = new Map<string, Bucket>()
  let older = new Map<string, Bucket>()
  let turnedAt = clock.now().getTime()

  // Two generations bound the memory without a timer: what was not used for two minutes is forgotten.
  const turn = (now: number) => {
    if (now - turnedAt < 2 * windowMs && buckets.size < maxBuckets) return
    older = buckets
    buckets = new Map()
    turnedAt = now
  }

  const bucketAt = (name: string, window: number): Bucket => {
    const bucket = buckets.get(name) ?? older.get(name) ?? { window, current: 0, previous: 0 }
    buckets.set(name, bucket)
    if (bucket.window !== window) {
      bucket.previous = bucket.window === window - 1 ? bucket.current : 0
      bucket.current = 0
      bucket.window = window
    }
    return bucket
  }

  const look = (name: string, perMinute: number, now: number): { bucket: Bucket; left: number } => {
    const window = Math.floor(now / windowMs)
    const bucket = bucketAt(name, window)
    const reach = 1 - (now - window * windowMs) / windowMs
    return { bucket, left: Math.floor(perMinute - bucket.current - bucket.previous * reach) }
  }

  // The first moment at which one more request fits: later in this minute when the last one weighs on it, else in the next.
  const freeAt = ({ window, current, previous }: Bucket, perMinute: number): number => {
    const start = window * windowMs
    const shareFor = (weight: number, taken: number) => Math.max(0, 1 - (perMinute - 1 - taken) / weight)
    if (current <= perMinute - 1) return start + shareFor(previous, current) * windowMs
    return start + windowMs + shareFor(current, 0) * windowMs
  }

  const report = (
    now: number,
    { bucket, left, perMinute }: { bucket: Bucket; left: number; perMinute: number },
    allowed: boolean,
  ): Allowance => {
    const minuteEnd = (bucket.window + 1) * windowMs
    const free = left >= 1 ? now : freeAt(bucket, perMinute)
    const resetAt = Math.ceil((left >= 1 ? minuteEnd : free) / 1_000)
    return {
      allowed,
      limit: perMinute,
      remaining: Math.max(0, left),
      resetAt,
      retryAfter: Math.max(1, Math.ceil((free - now) / 1_000)),
    }
  }

  return {
    take: (wanted) => {
      const now = clock.now().getTime()
      turn(now)
      const looks = wanted.map(({ name, perMinute }) => ({ ...look(name, perMinute, now), perMinute }))
      const tightest = looks.reduce((a, b) => (b.left < a.left ? b : a))
      if (tightest.left < 1) return report(now, tightest, false)
      for (const { bucket } of looks) bucket.current++
      return report(now, { ...tightest, left: tightest.left - 1 }, true)
    },
    peek: ({ name, perMinute }) => {
      const now = clock.now().getTime()
      return report(now, { ...look(name, perMinute, now), perMinute }, true)
    },
  }
}

/** The headers that every response carries. */
export const rateLimitHeaders = (allowance: Allowance, now: Date): Record<string, string> => ({
  'x-ratelimit-limit': String(allowance.limit),
  'x-ratelimit-remaining': String(allowance.remaining),
  'x-ratelimit-reset': String(allowance.resetAt),
  'ratelimit-policy': `"default";q=${allowance.limit};w=60`,
  ratelimit: `"default";r=${allowance.remaining};t=${Math.max(0, Math.ceil(allowance.resetAt - now.getTime() / 1_000))}`,
})
