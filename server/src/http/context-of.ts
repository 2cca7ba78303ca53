import type { Actor, Ctx } from '../domain/context.ts'
import type { Holder } from './authenticate.ts'
import type { Deps } from './deps.ts'

const actorOf = (holder: Holder): Actor => {
  const rights = { scopes: holder.scopes, ...(holder.agencyId ? { agencyId: holder.agencyId } : {}) }
  return 'sessionId' in holder
    ? { type: 'user', id: holder.userId, sessionId: holder.sessionId, ...rights }
    : { type: 'api_key', id: holder.keyId, ...rights }
}

/** What the verbs get of whoever calls. */
export const contextOf = (deps: Deps, holder: Holder, requestId: string): Ctx => ({
  db: deps.database.workspace(holder.workspaceId),
  workspaceId: holder.workspaceId,
  mode: holder.mode,
  actor: actorOf(holder),
  requestId,
  clock: deps.clock,
  log: deps.log,
})
