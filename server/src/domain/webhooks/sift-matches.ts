import { sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { type ContentFilter, passesFilter } from './content-filter.ts'

/** An event that a webhook asks for by its names, and the filter that may keep it from there. */
export type Match = {
  workspace_id: string
  webhook_id: string
  event_id: string
  type: string
  filter: string | null
}

// So many texts at a time, each once however many webhooks look into it: an event can be large, and a batch of them too.
const readAtOnce = 50

const readPayloads = async (tx: Db, matches: readonly Match[]): Promise<{ id: string; payload: string }[]> => {
  const { rows } = await sql<{ id: string; payload: string }>`
    select e.id, e.payload from unnest(${matches.map((match) => match.workspace_id)}::uuid[],
      ${matches.map((match) => match.event_id)}::uuid[], ${matches.map((match) => timeOfId(match.event_id))}::timestamptz[]) as i (workspace_id, id, created_at)
    cross join lateral (
      select id, payload from events e
      where e.workspace_id = i.workspace_id and e.created_at = i.created_at and e.id = i.id limit 1
    ) e`.execute(tx)
  return rows
}

/** Leaves out what the filters keep from their webhooks. */
export const siftMatches = async <One extends Match>(tx: Db, matches: One[]): Promise<One[]> => {
  const doubtful = matches.filter(({ filter }) => filter !== null)
  if (doubtful.length === 0) return matches
  // Webhooks often share a filter.
  const filters = new Map(doubtful.map(({ filter }) => [filter, JSON.parse(filter!) as ContentFilter]))
  const ofEvents = [...Map.groupBy(doubtful, ({ event_id }) => event_id).values()]
  const out = new Set<One>()
  for (let at = 0; at < ofEvents.length; at += readAtOnce) {
    const some = new Map(ofEvents.slice(at, at + readAtOnce).map((group) => [group[0]!.event_id, group]))
    const first = [...some.values()].map((group) => group[0]!)
    for (const { id, payload } of await readPayloads(tx, first)) {
      const envelope: unknown = JSON.parse(payload)
      for (const match of some.get(id)!) if (!passesFilter(filters.get(match.filter)!, envelope)) out.add(match)
    }
  }
  return matches.filter((match) => !out.has(match))
}
