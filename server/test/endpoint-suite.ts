import assert from 'node:assert/strict'
import test from 'node:test'
import { type Scope, scopes } from '../src/domain/scopes.ts'
import type { Endpoint } from '../src/http/endpoint.ts'
import { bodyFor } from './endpoint-fixtures.ts'
import { makerOf, segmentsOf } from './endpoint-paths.ts'
import { checkHead, checkMethods } from './endpoint-suite/answers-every-method.ts'
import { hasBody, succeed, type World, writes } from './endpoint-suite/call-endpoint.ts'
import { checkIdsInBody, checkOthersStayOut, checkPathIds } from './endpoint-suite/keeps-tenants-apart.ts'
import { checkScope } from './endpoint-suite/needs-its-scope-alone.ts'
import { propertiesOf, schemaOf } from './endpoint-suite/read-schema.ts'
import { checkBrokenBodies, checkMistypedFields } from './endpoint-suite/refuses-broken-bodies.ts'
import { checkCredentials, checkSession } from './endpoint-suite/refuses-other-credentials.ts'
import { checkQuery } from './endpoint-suite/refuses-unknown-queries.ts'
import { checkReplay } from './endpoint-suite/replays-repeated-writes.ts'

/** What the suite needs to know to test an endpoint; a new one that lacks it fails here, by name. */
const assertTestable = (endpoint: Endpoint): void => {
  const parameters = endpoint.path.match(/\{\w+\}/g) ?? []
  assert.equal(
    segmentsOf(endpoint).length,
    parameters.length,
    `${endpoint.path}: every parameter stands behind the name of its collection`,
  )
  for (const segment of segmentsOf(endpoint))
    assert.ok(
      makerOf(endpoint, segment),
      `endpoint-fixtures.ts cannot make an object for '${segment}' (${endpoint.id})`,
    )
  if (endpoint.body) {
    const parsed = endpoint.body.safeParse(bodyFor(endpoint, 0))
    assert.ok(parsed.success, `endpoint-fixtures.ts has no body that ${endpoint.id} accepts: ${parsed.error?.message}`)
    assert.ok(schemaOf(endpoint.body), endpoint.id)
  }
}

/** One path with all its endpoints. */
export const pathSuite = (path: string, declared: readonly Endpoint[], world: () => World): void => {
  test(`${path} names its methods and refuses the others`, () => checkMethods(declared, world()))
}

/** The security suite that every endpoint gets. */
export const endpointSuite = (endpoint: Endpoint, world: () => World): void => {
  const check = (name: string, applies: boolean, run: (endpoint: Endpoint, world: World) => Promise<void>) => {
    if (applies) test(`${endpoint.method} ${endpoint.path} ${name}`, () => run(endpoint, world()))
  }
  const isPublic = endpoint.access === 'public'
  // Of a sign-in that is not there nobody is told more than that it is over.
  const ids = endpoint.path.includes('{') && endpoint.id !== 'auth_oidc_callback'
  test(`${endpoint.id} can be tested`, () => assertTestable(endpoint))
  check('succeeds as declared', true, async () => {
    await succeed(endpoint, world().own)
  })
  check('refuses every credential that is not a living key', !isPublic, checkCredentials)
  check('refuses an API key', endpoint.access === 'session', checkSession)
  check('refuses a key without its scope and needs no other', scopes.includes(endpoint.access as Scope), checkScope)
  check('tells nothing about ids that are unknown, foreign or malformed', ids, checkPathIds)
  check('refuses bodies that are broken, too large or of another type', hasBody(endpoint), checkBrokenBodies)
  check('names a field of the wrong type', hasBody(endpoint), checkMistypedFields)
  check('finds no object of another workspace by an id in the body', hasBody(endpoint), checkIdsInBody)
  check('refuses a query that it does not know', endpoint.query !== undefined, checkQuery)
  check(
    'lists nothing of another workspace',
    endpoint.query !== undefined && 'limit' in propertiesOf(schemaOf(endpoint.query)),
    checkOthersStayOut,
  )
  check('answers a repeated request as it did before', writes(endpoint) && endpoint.idempotency !== 'none', checkReplay)
  check('answers HEAD as GET, without the body', endpoint.method === 'GET', checkHead)
}
