import type { Clock } from '../base/clock.ts'

/**
 * What the headers say of the tightest bucket a request fell into. `resetAt`, in unix seconds, is when the minute ends, or
 * when the next request fits where nothing remains; `retryAfter` is how many seconds that takes.
 */
export type Allowance = {
  allowed: boolean
  limit: number
  remaining: number
  resetAt: number
  retryAfter: number
  /** Nobody could be asked, so the request is counted nowhere. */
  uncounted?: true
}

export type LimitedBucket = { name: string; perMinute: number }

export type RateLimiter = {
  /** Counts one request against every bucket, or against none when one of them is full. */
  take(buckets: readonly LimitedBucket[]): Allowance
  /** What a bucket has left, counting nothing. */
  peek(bucket: LimitedBucket): Allowance
}

/** The ceiling where a plan sets none, so that every response can carry true numbers. */
export const unlimitedPerMinute = 1_000_000

export const minuteMs = 60_000
const maxBuckets = 50_000

/** Remembers by name what was used in the last two minutes; two generations bound the memory without a timer. */
export const createGenerations = <Kept>() => {
  let present = new Map<string, Kept>()
  let older = new Map<string, Kept>()
  let turnedAt = 0
  return {
    get: (name: string, now: number, make: () => Kept): Kept => {
      if (now - turnedAt >= 2 * minuteMs || present.size >= maxBuckets) {
        older = present
        present = new Map()
        turnedAt = now
      }
      const known = present.get(name)
      if (known) return known
      const kept = older.get(name) ?? make()
      present.set(name, kept)
      return kept
    },
  }
}

/**
 * The first moment at which one more request fits into a minute that began at `start`: later in it when the minute before
 * still weighs on it, else in the next.
 */
export const freeAt = (perMinute: number, taken: number, earlier: number, start: number): number => {
  const shareFor = (weight: number, held: number) => Math.max(0, 1 - (perMinute - 1 - held) / weight)
  if (taken <= perMinute - 1) return start + shareFor(earlier, taken) * minuteMs
  return start + minuteMs + shareFor(taken, 0) * minuteMs
}

/** `lastAt` and `previousLastAt`: when the last request of each minute was admitted. */
type Bucket = { window: number; current: number; lastAt: number; previous: number; previousLastAt: number }

/**
 * A sliding minute from two counters: the present minute plus the part of the last one that is still within reach, which
 * nothing is a minute after its last request. So nobody waits for longer than a minute. One process counts for itself.
 */
export const createRateLimiter = (clock: Clock): RateLimiter => {
  const buckets = createGenerations<Bucket>()

  const bucketAt = (name: string, window: number, now: number): Bucket => {
    const bucket = buckets.get(name, now, () => ({ window, current: 0, lastAt: 0, previous: 0, previousLastAt: 0 }))
    if (bucket.window !== window) {
      bucket.previous = bucket.window === window - 1 ? bucket.current : 0
      bucket.previousLastAt = bucket.lastAt
      bucket.current = 0
      bucket.window = window
    }
    return bucket
  }

  const look = (name: string, perMinute: number, now: number): { bucket: Bucket; left: number } => {
    const window = Math.floor(now / minuteMs)
    const bucket = bucketAt(name, window, now)
    const reach = now >= bucket.previousLastAt + minuteMs ? 0 : 1 - (now - window * minuteMs) / minuteMs
    return { bucket, left: Math.floor(perMinute - bucket.current - bucket.previous * reach) }
  }

  const report = (
    now: number,
    { bucket, left, perMinute }: { bucket: Bucket; left: number; perMinute: number },
    allowed: boolean,
  ): Allowance => {
    const { current, lastAt, previous, previousLastAt } = bucket
    const start = bucket.window * minuteMs
    const outOfReach = (current < perMinute ? previousLastAt : lastAt) + minuteMs
    const free = left >= 1 ? now : Math.min(outOfReach, freeAt(perMinute, current, previous, start))
    const resetAt = Math.ceil((left >= 1 ? start + minuteMs : free) / 1_000)
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
      const looks = wanted.map(({ name, perMinute }) => ({ ...look(name, perMinute, now), perMinute }))
      const tightest = looks.reduce((a, b) => (b.left < a.left ? b : a))
      if (tightest.left < 1) return report(now, tightest, false)
      for (const { bucket } of looks) {
        bucket.current++
        bucket.lastAt = now
      }
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
