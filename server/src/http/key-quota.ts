import type { Clock } from '../base/clock.ts'
import type { Db } from '../database/open.ts'
import { type KeyHolder, type KeyUse, leaseKeyCalls } from '../domain/api-keys/index.ts'

/** A month's calls of one key, and of those that replaced it. `isLast` tells of the call after which nothing is left. */
export type QuotaAnswer = { allowed: true; isLast: boolean } | { allowed: false; used: number }

export type KeyQuota = {
  /** Counts one call of a key against the month's limit, at once as long as leased calls are left. */
  take(holder: KeyHolder, limit: number): QuotaAnswer | Promise<QuotaAnswer>
  /** Gives up every leased call that was not made; what it answers must be written, once. */
  giveUp(): KeyUse[]
}

// Less than a hundredth of a month is lost when a process is killed; below two hundred calls nothing is.
const chunkOf = (limit: number): number => Math.max(1, Math.floor(limit / 100))

// Other processes give back what they did not use, and a plan may change.
const askAgainMs = 1_000

type Month = {
  holder: KeyHolder
  limit: number
  month: number
  tokens: number
  leasedAt: Date
  used: number
  emptyUntil: number
  lease: Promise<void> | undefined
}

// Apart for each limit: calls that learned of a change at different moments would undo each other's leases for ever.
const nameOf = ({ countedAs }: KeyHolder, limit: number): string => `${countedAs} ${limit}`

const monthOf = (at: Date): number => at.getUTCFullYear() * 12 + at.getUTCMonth()

/**
 * Month quotas of keys, kept by any number of processes: calls are leased from the durable count before they are made, so
 * that it never passes the limit. Throws what the database throws: a call that cannot be counted is not made.
 */
export const createKeyQuota = ({ system, clock }: { system: Db; clock: Clock }): KeyQuota => {
  const months = new Map<string, Month>()
  const unused: KeyUse[] = []

  const release = (state: Month) => {
    const { workspaceId, countedAs } = state.holder
    if (state.tokens > 0) unused.push({ workspaceId, keyId: null, countedAs, at: state.leasedAt, calls: -state.tokens })
    state.tokens = 0
  }

  const monthFor = (holder: KeyHolder, limit: number, now: Date): Month => {
    const name = nameOf(holder, limit)
    const known = months.get(name)
    if (known?.month === monthOf(now)) return known
    if (known) release(known)
    const made: Month = {
      holder,
      limit,
      month: monthOf(now),
      tokens: 0,
      leasedAt: now,
      used: 0,
      emptyUntil: 0,
      lease: undefined,
    }
    months.set(name, made)
    return made
  }

  const lease = async (state: Month, at: Date, calls: number): Promise<boolean> => {
    const { limit, holder } = state
    const { granted, used } = await leaseKeyCalls(system, {
      workspaceId: holder.workspaceId,
      countedAs: holder.countedAs,
      at,
      limit,
      calls,
    })
    state.used = used
    if (!granted) return false
    state.tokens += calls
    state.leasedAt = at
    // Another month has begun meanwhile.
    if (months.get(nameOf(holder, limit)) !== state) release(state)
    return true
  }

  // Near the end a whole chunk no longer fits: then calls are leased one by one.
  const refill = async (state: Month): Promise<void> => {
    try {
      const at = clock.now()
      const chunk = chunkOf(state.limit)
      if ((await lease(state, at, chunk)) || (chunk > 1 && (await lease(state, at, 1)))) return
      state.emptyUntil = clock.now().getTime() + askAgainMs
    } finally {
      state.lease = undefined
    }
  }

  const attempt = (holder: KeyHolder, limit: number): QuotaAnswer | Month => {
    const now = clock.now()
    const state = monthFor(holder, limit, now)
    if (state.tokens > 0) {
      state.tokens--
      return { allowed: true, isLast: state.tokens === 0 && state.used >= limit }
    }
    const wait = state.emptyUntil - now.getTime()
    // A longer wait is of a clock that went back.
    return wait > 0 && wait <= askAgainMs ? { allowed: false, used: state.used } : state
  }

  const takeLeased = async (state: Month): Promise<QuotaAnswer> => {
    for (let asked = state; ; ) {
      asked.lease ??= refill(asked)
      await asked.lease
      const outcome = attempt(asked.holder, asked.limit)
      if ('allowed' in outcome) return outcome
      asked = outcome
    }
  }

  return {
    take: (holder, limit) => {
      const outcome = attempt(holder, limit)
      return 'allowed' in outcome ? outcome : takeLeased(outcome)
    },
    giveUp: () => {
      for (const [name, state] of months) {
        release(state)
        if (!state.lease && state.emptyUntil <= clock.now().getTime()) months.delete(name)
      }
      return unused.splice(0)
    },
  }
}
