/** Every right a key or a member can hold. `x:write` implies `x:read`. */
export const scopes = [
  'accounts:read',
  'accounts:write',
  'agents:read',
  'agents:write',
  'api_keys:manage',
  'contacts:read',
  'contacts:write',
  'conversations:read',
  'conversations:write',
  'messages:read',
  'messages:write',
  'knowledge:read',
  'knowledge:write',
  'members:read',
  'members:write',
  'chat:write',
  'events:read',
  'events:replay',
  'logs:read',
  'webhooks:read',
  'webhooks:write',
  'webhooks:rotate',
  'workspaces:act',
] as const

export type Scope = (typeof scopes)[number]

const impliedBy = new Map<string, string>(
  scopes.filter((scope) => scope.endsWith(':read')).map((scope) => [scope, scope.replace(':read', ':write')]),
)

/** Whether someone who holds `held` may do what needs `wanted`. */
export const holdsScope = (held: ReadonlySet<string>, wanted: Scope): boolean =>
  held.has(wanted) || held.has(impliedBy.get(wanted) ?? wanted)
