import assert from 'node:assert/strict'
import { type Scope, scopes } from '../../src/domain/scopes.ts'
import { roleScopes } from '../../src/domain/users/index.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { makeIds } from '../endpoint-paths.ts'
import { isFlat, refused, send, succeed, unknownIds, validBody, type World } from './call-endpoint.ts'

const withoutScope = (wanted: Scope): Scope[] =>
  scopes.filter((scope) => scope !== wanted && scope !== wanted.replace(/:read$/, ':write'))

/** Who hands out rights must hold them. */
const grants: Record<string, readonly Scope[]> = {
  api_keys_create: ['contacts:read'],
  api_keys_rotate: ['contacts:read'],
  api_keys_update: ['contacts:read'],
  invites_create: [...roleScopes.viewer],
  members_update: [...roleScopes.developer],
  members_remove: [...roleScopes.viewer],
  oidc_connection_update: [...roleScopes.admin],
}

export const checkScope = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const wanted = endpoint.access as Scope
  const lacking = await own.app.makeKey({ workspaceId: own.workspaceId, scopes: withoutScope(wanted) })
  const ids = await makeIds(endpoint, own)
  const error = refused(await send(endpoint, own, ids, { key: lacking, ...validBody(endpoint) }), 403, 'FORBIDDEN')
  if (!isFlat(endpoint)) assert.equal(error.details?.required_scope, wanted)
  assert.ok(error.message.includes(wanted))
  // Whoever may not read must not learn what exists either.
  const unknown = refused(
    await send(endpoint, own, unknownIds(endpoint), { key: lacking, ...validBody(endpoint) }),
    403,
  )
  assert.equal(unknown.message, error.message)
  const exact = await own.app.makeKey({
    workspaceId: own.workspaceId,
    scopes: [wanted, ...(grants[endpoint.id] ?? [])],
  })
  await succeed(endpoint, own, { key: exact }, 1)
}
