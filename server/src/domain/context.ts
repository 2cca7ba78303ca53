import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { toWireId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { holdsScope, type Scope } from './scopes.ts'

/** What holds for a key beside its scopes, and so for every key that it makes. An empty list: from everywhere. */
export type KeyBounds = {
  allowedAddresses: readonly string[]
  expiresAt: Date | null
  requestsPerMinute: number | null
}

/** Who acts. A new entrance is a new variant, not a new path through the verbs. */
export type Actor =
  /** `agencyId`: the workspace of an agency, where the caller belongs, while it acts in that of a client. */
  | { type: 'api_key'; id: string; scopes: ReadonlySet<string>; bounds: KeyBounds; agencyId?: string }
  | { type: 'user'; id: string; sessionId: string; scopes: ReadonlySet<string>; agencyId?: string }
  /** A page on the web: it may open conversations with its agent, and has no scope. */
  | { type: 'widget_key'; id: string; agentId: string; scopes: ReadonlySet<string> }
  /** Whoever writes in one conversation, and sees nothing beside it. */
  | { type: 'visitor'; conversationId: string; agentId: string; scopes: ReadonlySet<string> }
  | { type: 'agent'; id: string }
  | { type: 'system'; name: string }

/** What every verb takes first: the caller's workspace and all that depends on who called. */
export type Ctx = {
  db: Db
  workspaceId: string
  mode: 'live' | 'sandbox'
  actor: Actor
  requestId: string
  clock: Clock
  log: Log
}

/** Throws FORBIDDEN, naming the missing scope. Agents and the system act on their own authority. */
export const requireScope = (ctx: Ctx, scope: Scope): void => {
  const { actor } = ctx
  if (!('scopes' in actor) || holdsScope(actor.scopes, scope)) return
  const who = actor.type === 'user' ? 'Your role' : 'This key'
  throw new AppError('FORBIDDEN', `${who} lacks the scope '${scope}'.`, { details: { required_scope: scope } })
}

/** The signed-in user. Throws FORBIDDEN for any other caller: a key has no account, no password and no sessions. */
export const requireUser = ({ actor }: Ctx): Extract<Actor, { type: 'user' }> => {
  if (actor.type === 'user') return actor
  throw new AppError('FORBIDDEN', 'Only a signed-in user can do this: send the token of a login, not an API key.')
}

/** Whether this conversation exists for the caller: a visitor has their own and no other. */
export const reachesConversation = ({ actor }: Ctx, id: string): boolean =>
  actor.type !== 'visitor' || actor.conversationId === id

/** How an actor is written into rows and payloads: `api_key:key_01h…`, `user:usr_01h…`, `system:ingestion`. */
export const actorName = (actor: Actor): string => {
  if (actor.type === 'api_key') return `api_key:${toWireId('apiKey', actor.id)}`
  if (actor.type === 'user') return `user:${toWireId('user', actor.id)}`
  if (actor.type === 'widget_key') return `widget_key:${toWireId('widgetKey', actor.id)}`
  if (actor.type === 'visitor') return `visitor:${toWireId('conversation', actor.conversationId)}`
  if (actor.type === 'agent') return `agent:${toWireId('agent', actor.id)}`
  return `system:${actor.name}`
}
