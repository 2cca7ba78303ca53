import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after, before } from 'node:test'
import { fromWireId, newId, toWireId } from '../src/base/ids.ts'
import { endpoints } from '../src/endpoints.ts'
import type { Endpoint } from '../src/http/endpoint.ts'
import { listName } from '../src/http/list-cursors.ts'
import { openTestApp, type TestApp, type TestRequest, type TestResponse } from './app.ts'
import { bodyFor, objects, shared } from './endpoint-fixtures.ts'
import { makeIds, pathWith, segmentsOf } from './endpoint-paths.ts'
import { credentialFor } from './endpoint-suite/credentials.ts'
import { makeTenant, type Tenant } from './tenant.ts'

/**
 * What two clients of one agency, and the agency itself, can learn of each other: nothing. Generated from the list of
 * endpoints, as the suite that sets two strangers against each other is.
 */

type Family = { agency: Tenant; a: Tenant; b: Tenant }

let app: TestApp
let family: Family
// Of `b`, one of each kind: some kinds can be made a few times only.
let idsOfB: string[]

const makeClient = async (agency: Tenant, body: Record<string, unknown> = {}): Promise<string> =>
  fromWireId('workspace', String((await agency.post('/v1/accounts', { name: 'Client', ...body })).id))!

const idsOf = async (tenant: Tenant): Promise<string[]> => {
  const ids = []
  for (const [segment, make] of Object.entries(objects))
    if (!shared.has(segment) && !['versions', 'accounts'].includes(segment)) ids.push(await make(tenant, {}))
  return ids
}

before(async () => {
  app = await openTestApp()
  const agency = await makeTenant(app)
  const [a, b] = [await makeClient(agency), await makeClient(agency)]
  family = { agency, a: await makeTenant(app, a), b: await makeTenant(app, b) }
  idsOfB = await idsOf(family.b)
})
after(() => app.close())

const send = (endpoint: Endpoint, ids: string[], request: TestRequest): Promise<TestResponse> =>
  app.call(endpoint.method, pathWith(endpoint, ids), {
    ...(endpoint.body ? { body: bodyFor(endpoint, 0) } : {}),
    ...request,
  })

const actingIn = ({ workspaceId }: Tenant) => ({ 'parley-workspace': toWireId('workspace', workspaceId) })

const isTenants = (endpoint: Endpoint) =>
  !['public', 'widget_key', 'conversation_secret'].includes(endpoint.access) &&
  !segmentsOf(endpoint).some((segment) => shared.has(segment))
const isAboutCaller = ({ access }: Endpoint) => access === 'any_key' || access === 'session'
const ofAccounts = ({ path }: Endpoint) => path.startsWith('/v1/accounts')

const withoutIds = (text: string) =>
  text.replaceAll(/\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b|"request_id":"[^"]*"|[0-9a-f-]{36}(\.example\.com)?/g, '<id>')

/** Everybody of the family who is not `b`, and every way in which they can ask. */
const othersOf = (endpoint: Endpoint, { agency, a, b }: Family): [string, TestRequest][] => [
  ['a sibling', { key: credentialFor(endpoint, a) }],
  ...(ofAccounts(endpoint)
    ? []
    : [['the agency at home', { key: credentialFor(endpoint, agency) }] as [string, TestRequest]]),
  ...(isAboutCaller(endpoint)
    ? []
    : ([
        ['the agency in a sibling', { key: agency.key, headers: actingIn(a) }],
        [
          'the agency naming itself',
          { key: ofAccounts(endpoint) ? a.key : agency.key, headers: actingIn(ofAccounts(endpoint) ? a : agency) },
        ],
        ['a sibling naming the client', { key: a.key, headers: actingIn(b) }],
      ] as [string, TestRequest][])),
]

for (const endpoint of endpoints.filter((each) => isTenants(each) && each.path.includes('{')))
  test(`${endpoint.method} ${endpoint.path} finds nothing of a sibling, nor of a client without acting in it`, async () => {
    const { b } = family
    const theirs = await makeIds(endpoint, b)
    const unknown = segmentsOf(endpoint).map(() => newId())
    for (const [who, request] of othersOf(endpoint, family)) {
      const refused = await send(endpoint, theirs, request)
      assert.equal(refused.status, 404, `${who}: ${refused.text}`)
      assert.equal(withoutIds(refused.text), withoutIds((await send(endpoint, unknown, request)).text), who)
    }
    const untouched = await app.call('GET', pathWith(endpoint, theirs), { key: credentialFor(endpoint, b) })
    assert.ok([200, 405].includes(untouched.status), untouched.text)
  })

const isList = (endpoint: Endpoint) => endpoint.method === 'GET' && /^(list|search)|_list/.test(endpoint.id)
const paramsOf = ({ path, params }: Endpoint, ids: string[]): unknown =>
  params?.parse(Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name], i) => [name, ids[i]])))
const takesCursor = ({ query }: Endpoint) => query?.safeParse({ cursor: 'x' }).success === true

for (const endpoint of endpoints.filter((each) => isTenants(each) && isList(each)))
  test(`${endpoint.method} ${endpoint.path} lists nothing of a sibling or a client, whatever its cursor`, async () => {
    const { agency, a, b } = family
    const theirs = [...idsOfB, ...(ofAccounts(endpoint) ? [toWireId('workspace', b.workspaceId)] : [])]
    const cursors = takesCursor(endpoint)
      ? theirs.flatMap((id) => ['1:', '2:'].map((version) => Buffer.from(version + id).toString('base64url')))
      : []
    for (const [tenant, request] of [
      [a, { key: credentialFor(endpoint, a) }],
      ...(isAboutCaller(endpoint) ? [] : [[a, { key: agency.key, headers: actingIn(a) }] as const]),
      ...(ofAccounts(endpoint) ? [] : [[agency, { key: credentialFor(endpoint, agency) }] as const]),
    ] as [Tenant, TestRequest][]) {
      const ids = await makeIds(endpoint, tenant)
      const path = pathWith(endpoint, ids)
      // Forged, and as if the server had been talked into sealing it.
      const list = listName(endpoint, tenant.workspaceId, paramsOf(endpoint, ids))
      const queries = cursors.flatMap((cursor) => [cursor, app.deps.cursorSeal.seal(cursor, list)])
      for (const query of ['', ...queries.map((cursor) => `?cursor=${cursor}`)]) {
        const response = await app.call('GET', path + query, request)
        assert.ok([200, ...(query ? [400] : [])].includes(response.status), response.text)
        for (const id of theirs) assert.ok(!response.text.includes(id), `${path}${query} lists ${id} of a sibling`)
      }
    }
  })

test('one idempotency key in two clients is two requests, and a third in their agency', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const answers = []
  for (const { key } of [family.a, family.b, family.agency])
    answers.push(await app.call('POST', '/v1/contacts', { key, headers, body: { name: 'Ada' } }))
  assert.deepEqual(
    answers.map(({ status, headers: sent }) => [status, sent['idempotency-replayed']]),
    [
      [201, undefined],
      [201, undefined],
      [201, undefined],
    ],
  )
  assert.equal(new Set(answers.map((answer) => answer.json<{ id: string }>().id)).size, 3)
})

test('the traffic of one client moves no limit of another, nor of their agency', async () => {
  const { agency } = family
  const keys = []
  for (const n of [1, 2])
    keys.push(await app.makeKey({ workspaceId: await makeClient(agency, { name: `Limited ${n}`, plan: 'free' }) }))
  // By a clock that stands still: what an earlier minute still weighs on a limit changes with every moment.
  const now = new Date()
  const still = await openTestApp({ database: app.database, clock: { now: () => now } })
  const remaining = async (key: string) => {
    const { headers } = await still.call('GET', '/v1/contacts', { key })
    return Number(headers['x-ratelimit-remaining'])
  }
  const [quiet, busy] = keys as [string, string]
  const [before, atHome] = [await remaining(quiet), await remaining(agency.key)]
  for (let i = 0; i < 40; i++) await still.call('GET', '/v1/contacts', { key: busy })
  assert.equal((await still.call('GET', '/v1/contacts', { key: busy })).status, 429)
  assert.equal(await remaining(quiet), before - 1)
  assert.equal(await remaining(agency.key), atHome - 1)
  await still.close()
})

test('totals, searches and tags count the own rows alone', async () => {
  const { agency } = family
  const tenants = [await makeTenant(app, await makeClient(agency)), await makeTenant(app, await makeClient(agency))]
  const [mine, sibling] = tenants as [Tenant, Tenant]
  for (const name of ['Zaphod One', 'Zaphod Two']) await sibling.post('/v1/contacts', { name, tags: ['towel'] })
  await mine.post('/v1/contacts', { name: 'Zaphod Three', tags: ['towel'] })
  for (const query of ['', '?search=zaphod', '?tag=towel'])
    assert.equal((await mine.get(`/api/contacts${query}`)).total, 1, query)
})

test('each client counts its events from one, and its agency is told of its account alone', async () => {
  const agency = await makeTenant(app)
  const tenant = await makeTenant(app, await makeClient(agency))
  for (const name of ['Ada', 'Bea', 'Cy']) await tenant.post('/v1/contacts', { name })
  await tenant.sequence()
  type Log = { data: { type: string; sequence: number; workspace_id: string }[] }
  const read = async ({ get }: Tenant) => ((await get('/v1/events?limit=100')) as Log).data.toReversed()
  const inClient = await read(tenant)
  assert.deepEqual(
    inClient.map(({ sequence }) => sequence),
    inClient.map((_, i) => i + 1),
  )
  assert.ok(!inClient.some(({ type }) => type.startsWith('account.')))
  const atHome = await read(agency)
  assert.deepEqual(
    atHome.map(({ sequence }) => sequence),
    atHome.map((_, i) => i + 1),
  )
  assert.ok(atHome.some(({ type }) => type === 'account.created'))
  assert.ok(!atHome.some(({ type }) => type === 'contact.created'))
})
