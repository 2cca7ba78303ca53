import type { Actor, Ctx } from '../domain/context.ts'
import type { Holder } from './authenticate.ts'
import type { WidgetHolder } from './authenticate-widget.ts'
import type { Deps } from './deps.ts'

const noScopes: ReadonlySet<string> = new Set()
const visitorScopes: ReadonlySet<string> = new Set(['chat:write', 'conversations:read', 'messages:read'])

const actorOf = (holder: Holder | WidgetHolder): Actor => {
  if ('widgetKeyId' in holder)
    return { type: 'widget_key', id: holder.widgetKeyId, agentId: holder.agentId, scopes: noScopes }
  if ('conversationId' in holder) {
    const { conversationId, agentId } = holder
    return { type: 'visitor', conversationId, agentId, scopes: visitorScopes }
  }
  const rights = { scopes: holder.scopes, ...(holder.agencyId ? { agencyId: holder.agencyId } : {}) }
  return 'sessionId' in holder
    ? { type: 'user', id: holder.userId, sessionId: holder.sessionId, ...rights }
    : { type: 'api_key', id: holder.keyId, bounds: holder.bounds, ...rights }
}

/** What the verbs get of whoever calls. */
export const contextOf = (deps: Deps, holder: Holder | WidgetHolder, requestId: string): Ctx => ({
  db: deps.database.workspace(holder.workspaceId),
  workspaceId: holder.workspaceId,
  mode: holder.mode,
  actor: actorOf(holder),
  requestId,
  clock: deps.clock,
  log: deps.log,
})
