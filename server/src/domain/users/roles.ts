import { type Scope, scopes } from '../scopes.ts'

export const roles = ['owner', 'admin', 'developer', 'agent', 'viewer'] as const

/** What a member of a workspace is there for. */
export type Role = (typeof roles)[number]

const viewer: Scope[] = [
  'accounts:read',
  'agents:read',
  'contacts:read',
  'conversations:read',
  'knowledge:read',
  'members:read',
  'messages:read',
]
const agent: Scope[] = [...viewer, 'chat:write', 'contacts:write', 'conversations:write', 'messages:write']
const developer: Scope[] = [
  ...agent,
  'agents:write',
  'api_keys:manage',
  'events:read',
  'events:replay',
  'knowledge:write',
  'logs:read',
  'webhooks:read',
  'webhooks:rotate',
  'webhooks:write',
]

/**
 * What each role may do. Owners and admins hold every scope; only owners may make or unmake owners. The others are listed
 * scope by scope, so that a new one is theirs only when somebody decides so.
 */
export const roleScopes: Readonly<Record<Role, ReadonlySet<Scope>>> = {
  owner: new Set(scopes),
  admin: new Set(scopes),
  developer: new Set(developer),
  agent: new Set(agent),
  viewer: new Set(viewer),
}
