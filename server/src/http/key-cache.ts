import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/open.ts'
import { findKey, type KeyFormat, type KeyHolder, type KeyUse, noteKeyUses } from '../domain/api-keys/index.ts'
import type { KeyCache } from './deps.ts'

const liveMs = 5_000
const maxEntries = 10_000

type Entry = { holder: KeyHolder | undefined; until: number }

type Options = { database: Database; keys: KeyFormat; clock: Clock; onError: (error: unknown) => void }

/** Finds the holder of a key with at most one query in five seconds, and notes when a key was last used. */
export const createKeyCache = ({ database, keys, clock, onError }: Options): KeyCache => {
  const entries = new Map<string, Entry>()
  let uses = new Map<string, KeyUse>()
  const seen = new Set<string>()

  const flush = async () => {
    const written = uses
    uses = new Map()
    if (written.size > 0) await noteKeyUses(database.system, [...written.values()])
  }

  // The first use is written at once, else a key used once would look unused; later ones at the next flush.
  const noteUse = ({ keyId, workspaceId }: KeyHolder, now: Date) => {
    const calls = (uses.get(keyId)?.calls ?? 0) + 1
    uses.set(keyId, { workspaceId, keyId, at: now, calls })
    if (seen.has(keyId)) return
    if (seen.size >= maxEntries) seen.clear()
    seen.add(keyId)
    flush().catch(onError)
  }

  const isAlive = (holder: KeyHolder, now: Date) => holder.expiresAt === null || holder.expiresAt > now

  return {
    find: async (key) => {
      if (!keys.isWellFormed(key)) return undefined
      const now = clock.now()
      const hash = keys.hash(key)
      const name = hash.toString('base64')
      let entry = entries.get(name)
      if (!entry || entry.until <= now.getTime()) {
        if (entries.size >= maxEntries) entries.clear()
        entry = { holder: await findKey(database.system, hash, now), until: now.getTime() + liveMs }
        entries.set(name, entry)
      }
      if (!entry.holder || !isAlive(entry.holder, now)) return undefined
      noteUse(entry.holder, now)
      return entry.holder
    },
    forget: (hash) => {
      entries.delete(hash.toString('base64'))
    },
    flush,
  }
}
