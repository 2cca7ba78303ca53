import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/open.ts'
import { findSession, type SessionHolder, type TokenFormat, touchSession } from '../domain/sessions/index.ts'

/** Sessions already checked a moment ago; to forget one makes its end take effect at once in this process. */
export type SessionCache = {
  /** The holder of a session by its token; undefined when either is not, or no longer, good. */
  find(token: string): Promise<SessionHolder | undefined>
  forget(sessionId: string): void
  /** For what changes with the person: their role, their membership, their password. */
  forgetUser(userId: string): void
}

// A revocation must reach every process within a second.
const liveMs = 900
const maxEntries = 10_000
const touchEveryMs = 60_000

type Entry = { found: Promise<SessionHolder | undefined>; userId: string; until: number }

type Options = { database: Database; tokens: TokenFormat; clock: Clock }

/** Finds the holder of a session with at most one query a second, and notes once a minute that it is in use. */
export const createSessionCache = ({ database: { system }, tokens, clock }: Options): SessionCache => {
  const entries = new Map<string, Entry>()

  const read = async (sessionId: string, now: Date): Promise<SessionHolder | undefined> => {
    const holder = await findSession(system, sessionId, now)
    if (holder && now.getTime() - holder.lastSeenAt.getTime() >= touchEveryMs) await touchSession(system, holder, now)
    return holder
  }

  // The promise is kept, not its outcome: one query serves a burst, and a revocation that comes while it runs forgets it.
  const lookUp = (sessionId: string, userId: string, now: Date): Promise<SessionHolder | undefined> => {
    const known = entries.get(sessionId)
    if (known && known.until > now.getTime()) return known.found
    if (entries.size >= maxEntries) entries.clear()
    const entry: Entry = { found: read(sessionId, now), userId, until: now.getTime() + liveMs }
    entries.set(sessionId, entry)
    entry.found.catch(() => {
      if (entries.get(sessionId) === entry) entries.delete(sessionId)
    })
    return entry.found
  }

  return {
    find: async (token) => {
      const now = clock.now()
      const claims = tokens.verify(token, now)
      if (!claims) return undefined
      const holder = await lookUp(claims.sessionId, claims.userId, now)
      const isTheirs = holder?.userId === claims.userId && holder.workspaceId === claims.workspaceId
      return isTheirs && holder.expiresAt > now ? holder : undefined
    },
    forget: (sessionId) => {
      entries.delete(sessionId)
    },
    forgetUser: (userId) => {
      for (const [sessionId, entry] of entries) if (entry.userId === userId) entries.delete(sessionId)
    },
  }
}
