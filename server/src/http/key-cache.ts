import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/open.ts'
import { findKey, type KeyFormat, type KeyHolder, type KeyUse, noteKeyUses } from '../domain/api-keys/index.ts'
import { noteLimitReached, PlanLimitError, type ReachedLimit } from '../domain/plans/index.ts'
import type { KeyCache } from './deps.ts'
import { createKeyQuota } from './key-quota.ts'

// A revocation must reach every process within a second.
const liveMs = 900
const maxEntries = 10_000

type Entry = { found: Promise<KeyHolder | undefined>; until: number }

type Options = { database: Database; keys: KeyFormat; clock: Clock; onError: (error: unknown) => void }

const monthOf = (at: Date): { start: Date; end: Date } => {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()]
  return { start: new Date(Date.UTC(year, month)), end: new Date(Date.UTC(year, month + 1)) }
}

/** Finds the holder of a key with at most one query a second; counts its calls and notes when it was last used. */
export const createKeyCache = ({ database, keys, clock, onError }: Options): KeyCache => {
  const entries = new Map<string, Entry>()
  // Apart from the living, so that a flood of unknown keys does not push them out.
  const misses = new Map<string, Entry>()
  let uses = new Map<string, KeyUse>()
  const seen = new Set<string>()
  const told = new Set<string>()
  const quota = createKeyQuota({ system: database.system, clock })
  let writing: Promise<void> = Promise.resolve()

  const addUse = ({ workspaceId, keyId, countedAs, at, calls }: KeyUse) => {
    const name = `${keyId} ${countedAs} ${monthOf(at).start.getTime()}`
    const known = uses.get(name)
    uses.set(name, {
      workspaceId,
      keyId,
      countedAs,
      at: known && known.at > at ? known.at : at,
      calls: (known?.calls ?? 0) + calls,
    })
  }

  const write = async () => {
    for (const use of quota.giveUp()) addUse(use)
    const written = uses
    uses = new Map()
    if (written.size === 0) return
    try {
      await noteKeyUses(database.system, [...written.values()])
    } catch (error) {
      // It may have been written all the same: what is given back twice would pass the limit.
      for (const use of written.values()) addUse({ ...use, calls: Math.max(0, use.calls) })
      throw error
    }
  }

  const flush = (): Promise<void> => {
    writing = writing.catch(() => undefined).then(write)
    return writing
  }

  // The first use is written at once, else a key used once would look unused; later ones at the next flush.
  const noteUse = ({ keyId, countedAs, workspaceId }: KeyHolder, calls: number) => {
    addUse({ workspaceId, keyId, countedAs, at: clock.now(), calls })
    if (seen.has(keyId)) return
    if (seen.size >= maxEntries) seen.clear()
    seen.add(keyId)
    flush().catch(onError)
  }

  const keep = (map: Map<string, Entry>, name: string, entry: Entry) => {
    if (map.size >= maxEntries) map.clear()
    map.set(name, entry)
  }

  // The promise is kept, not its outcome: one query serves a burst, and a revocation that comes while it runs forgets it.
  const lookUp = (hash: Buffer, now: Date, beforeLookUp?: () => void): Promise<KeyHolder | undefined> => {
    const name = hash.toString('base64')
    const known = entries.get(name) ?? misses.get(name)
    if (known && known.until > now.getTime()) return known.found
    // A key that was alive a moment ago is looked up again whatever its address does.
    if (!entries.has(name)) beforeLookUp?.()
    const entry: Entry = { found: findKey(database.system, hash, now), until: now.getTime() + liveMs }
    keep(entries, name, entry)
    entry.found.then(
      (holder) => {
        if (holder || entries.get(name) !== entry) return
        entries.delete(name)
        keep(misses, name, entry)
      },
      () => {
        if (entries.get(name) === entry) entries.delete(name)
      },
    )
    return entry.found
  }

  const reachedBy = ({ workspaceId }: KeyHolder, limit: number, used: number): ReachedLimit => {
    const now = clock.now()
    const { start, end } = monthOf(now)
    return {
      workspaceId,
      limit: 'key_calls_per_month',
      used,
      limitValue: limit,
      periodStart: start,
      resetsAt: end,
      now,
    }
  }

  // In a transaction that no request waits for, and not again with every refused call.
  const tell = (reached: ReachedLimit) => {
    const name = `${reached.workspaceId} ${reached.periodStart.getTime()} ${reached.limitValue}`
    if (told.has(name)) return
    if (told.size >= maxEntries) told.clear()
    told.add(name)
    noteLimitReached(database.workspace(reached.workspaceId), reached).catch((error) => {
      told.delete(name)
      onError(error)
    })
  }

  const countWithin = async (holder: KeyHolder, limit: number): Promise<void> => {
    const taken = await quota.take(holder, limit)
    const reached = reachedBy(holder, limit, taken.allowed ? limit : Math.max(limit, taken.used))
    if (!taken.allowed || taken.isLast) tell(reached)
    if (taken.allowed) return noteUse(holder, 0)
    throw new PlanLimitError(
      `This key has made the ${limit} calls that the plan allows each key in a month; the next month begins at ${reached.resetsAt.toISOString()}.`,
      reached,
      holder.planId,
    )
  }

  const isAlive = (holder: KeyHolder, now: Date) => holder.expiresAt === null || holder.expiresAt > now

  return {
    find: async (key, beforeLookUp) => {
      if (!keys.isWellFormed(key)) return undefined
      const now = clock.now()
      const holder = await lookUp(keys.hash(key), now, beforeLookUp)
      return holder && isAlive(holder, now) ? holder : undefined
    },
    count: async (holder) => {
      if (holder.keyCallsPerMonth === null) noteUse(holder, 1)
      else await countWithin(holder, holder.keyCallsPerMonth)
    },
    forget: (hash) => {
      entries.delete(hash.toString('base64'))
    },
    flush,
  }
}
