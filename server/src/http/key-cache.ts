import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/open.ts'
import { findKey, type KeyFormat, type KeyHolder, type KeyUse, noteKeyUses } from '../domain/api-keys/index.ts'
import type { KeyCache } from './deps.ts'

// A revocation must reach every process within a second.
const liveMs = 900
const maxEntries = 10_000

type Entry = { found: Promise<KeyHolder | undefined>; until: number }

type Options = { database: Database; keys: KeyFormat; clock: Clock; onError: (error: unknown) => void }

/** Finds the holder of a key with at most one query a second, and notes when a key was last used. */
export const createKeyCache = ({ database, keys, clock, onError }: Options): KeyCache => {
  const entries = new Map<string, Entry>()
  // Apart from the living, so that a flood of unknown keys does not push them out.
  const misses = new Map<string, Entry>()
  let uses = new Map<string, KeyUse>()
  const seen = new Set<string>()

  const addUse = ({ workspaceId, keyId, at, calls }: KeyUse) => {
    const known = uses.get(keyId)
    uses.set(keyId, {
      workspaceId,
      keyId,
      at: known && known.at > at ? known.at : at,
      calls: (known?.calls ?? 0) + calls,
    })
  }

  const flush = async () => {
    const written = uses
    uses = new Map()
    if (written.size === 0) return
    try {
      await noteKeyUses(database.system, [...written.values()])
    } catch (error) {
      for (const use of written.values()) addUse(use)
      throw error
    }
  }

  // The first use is written at once, else a key used once would look unused; later ones at the next flush.
  const noteUse = ({ keyId, workspaceId }: KeyHolder, now: Date) => {
    addUse({ workspaceId, keyId, at: now, calls: 1 })
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

  const isAlive = (holder: KeyHolder, now: Date) => holder.expiresAt === null || holder.expiresAt > now

  return {
    find: async (key, beforeLookUp) => {
      if (!keys.isWellFormed(key)) return undefined
      const now = clock.now()
      const holder = await lookUp(keys.hash(key), now, beforeLookUp)
      if (!holder || !isAlive(holder, now)) return undefined
      noteUse(holder, now)
      return holder
    },
    forget: (hash) => {
      entries.delete(hash.toString('base64'))
    },
    flush,
  }
}
