import assert from 'node:assert/strict'
import test from 'node:test'
import { holdsScope, scopes } from '../scopes.ts'
import { type Role, roleScopes } from './roles.ts'

test('each role may do all that the one below it may', () => {
  const ladder: Role[] = ['viewer', 'agent', 'developer', 'admin', 'owner']
  for (const [i, role] of ladder.slice(1).entries())
    for (const scope of roleScopes[ladder[i]!]) assert.ok(holdsScope(roleScopes[role], scope), `${role} lacks ${scope}`)
})

test('owners and admins may do everything, viewers only read, and only the first two manage people', () => {
  assert.deepEqual([...roleScopes.owner], [...scopes])
  assert.deepEqual([...roleScopes.admin], [...scopes])
  for (const scope of roleScopes.viewer) assert.match(scope, /:read$/)
  for (const role of ['developer', 'agent', 'viewer'] as const)
    assert.ok(!holdsScope(roleScopes[role], 'members:write'))
  for (const role of ['agent', 'viewer'] as const) assert.ok(!holdsScope(roleScopes[role], 'api_keys:manage'))
})
