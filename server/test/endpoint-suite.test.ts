import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { endpoints } from '../src/endpoints.ts'
import { errorTable } from '../src/http/errors.ts'
import { openTestApp, type TestApp } from './app.ts'
import { fixtureIdOf } from './endpoint-fixtures.ts'
import { anchors } from './endpoint-suite/assert-wire.ts'
import type { World } from './endpoint-suite/call-endpoint.ts'
import { endpointSuite, pathSuite } from './endpoint-suite.ts'
import { makeTenant } from './tenant.ts'

let app: TestApp
let world: World

before(async () => {
  app = await openTestApp()
  world = { own: await makeTenant(app), foreign: await makeTenant(app) }
})
after(() => app.close())

test('every error code has a heading in the error reference', {
  skip: anchors === undefined && 'docs/reference/errors.md does not exist',
}, () => {
  for (const code of Object.keys(errorTable)) assert.ok(anchors!.has(code.toLowerCase()), code)
})

test('every write takes an idempotency key or says why not', () => {
  for (const endpoint of endpoints)
    if (endpoint.method === 'POST' || endpoint.method === 'PATCH')
      assert.ok(
        endpoint.idempotency !== 'none' || repeatable.has(fixtureIdOf(endpoint)),
        `${endpoint.id} takes no Idempotency-Key`,
      )
})

// Nothing is changed: the answer is the outcome of one attempt, and a repetition asks for another. What opens a visitor's
// conversation is open to everybody who knows the public key, so that a kept answer could reach another visitor.
const repeatable = new Set([
  'webhooks_test',
  'auth_login',
  'auth_refresh',
  'auth_logout',
  'auth_oidc_exchange',
  'invites_accept',
  'widget_start_conversation',
])

test('no two endpoints share an id or a route', () => {
  assert.equal(new Set(endpoints.map(({ id }) => id)).size, endpoints.length)
  assert.equal(new Set(endpoints.map(({ method, path }) => `${method} ${path}`)).size, endpoints.length)
})

for (const [path, declared] of Map.groupBy(endpoints, (endpoint) => endpoint.path))
  pathSuite(path, declared, () => world)
for (const endpoint of endpoints) endpointSuite(endpoint, () => world)
