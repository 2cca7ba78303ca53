import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/open.ts'
import { type Client, findClient } from '../domain/workspaces/index.ts'

/** The clients of agencies, looked up a moment ago. */
export type ClientCache = {
  /** `beforeLookUp` is called before an id that is not known yet costs a query; it may throw. */
  find(agencyId: string, id: string, beforeLookUp: () => void): Promise<Client | undefined>
}

// A suspension must reach every process within a second.
const liveMs = 900
const maxEntries = 10_000

type Entry = { found: Promise<Client | undefined>; until: number }

/** Finds a client of an agency with at most one query a second; whoever is none is asked for each time. */
export const createClientCache = ({ database, clock }: { database: Database; clock: Clock }): ClientCache => {
  const entries = new Map<string, Entry>()
  return {
    find: async (agencyId, id, beforeLookUp) => {
      const name = `${agencyId} ${id}`
      const now = clock.now().getTime()
      const known = entries.get(name)
      if (known && known.until > now) return known.found
      // A client that was there a moment ago is looked up again whatever else is asked for.
      if (!known) beforeLookUp()
      if (entries.size >= maxEntries) entries.clear()
      const entry: Entry = { found: findClient(database.workspace(agencyId), agencyId, id), until: now + liveMs }
      entries.set(name, entry)
      const forget = () => {
        if (entries.get(name) === entry) entries.delete(name)
      }
      entry.found.then((client) => {
        if (!client) forget()
      }, forget)
      return entry.found
    },
  }
}
