import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { openTestApp } from '../../test/app.ts'
import { systemClock } from '../base/clock.ts'
import { fromWireId, newId, toWireId } from '../base/ids.ts'
import { type Scope, scopes } from '../domain/scopes.ts'
import { addMember, createUser } from '../domain/users/index.ts'
import { createWorkspace } from '../domain/workspaces/index.ts'

// What is looked up lives 900 ms.
let ahead = 0
let stoppedAt: number | undefined
const clock = { ...systemClock, now: () => new Date((stoppedAt ?? Date.now()) + ahead) }
const app = await openTestApp({ clock })
after(() => app.close())

type Error = { error: { code: string; message: string; param?: string; details?: Record<string, unknown> } }

const makeAgency = async (held: readonly Scope[] = scopes) => {
  const { liveId, sandboxId } = await createWorkspace(app.database.system, {
    name: 'Agency',
    planId: 'unlimited',
    now: new Date(),
  })
  return { id: liveId, sandboxId, key: await app.makeKey({ workspaceId: liveId, mode: 'live', scopes: held }) }
}
type Agency = Awaited<ReturnType<typeof makeAgency>>

const makeClient = async ({ key }: Agency, body = {}): Promise<string> =>
  (await app.call('POST', '/v1/accounts', { key, body: { name: 'Client', ...body } })).json<{ id: string }>().id

const as = (key: string, client?: string) => {
  const headers: Record<string, string> = client === undefined ? {} : { 'parley-workspace': client }
  return {
    get: (path: string) => app.call('GET', path, { key, headers }),
    post: (path: string, body: unknown, more = {}) =>
      app.call('POST', path, { key, body, headers: { ...headers, ...more } }),
    patch: (path: string, body: unknown) => app.call('PATCH', path, { key, body, headers }),
  }
}

const idsIn = async (response: Promise<{ json: <Body>() => Body }>): Promise<string[]> =>
  (await response).json<{ data: { id: string }[] }>().data.map(({ id }) => id)

const withoutIds = (text: string) => text.replaceAll(/ws_[0-9a-hjkmnp-tv-z]{26}/g, '<id>')

test('an agency acts in one client at a time, and what it does there stays there', async () => {
  const agency = await makeAgency()
  const [a, b] = [await makeClient(agency), await makeClient(agency)]
  const made = (await as(agency.key, a).post('/v1/contacts', { name: 'Ada' })).json<{ id: string }>()
  assert.deepEqual(await idsIn(as(agency.key, a).get('/v1/contacts')), [made.id])
  assert.deepEqual(await idsIn(as(agency.key, b).get('/v1/contacts')), [])
  assert.deepEqual(await idsIn(as(agency.key).get('/v1/contacts')), [])
  assert.equal((await as(agency.key, b).get(`/v1/contacts/${made.id}`)).status, 404)
  assert.equal((await as(agency.key).get(`/v1/contacts/${made.id}`)).status, 404)
})

test('the plain UUID of a client and the own id are taken as well', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  assert.equal((await as(agency.key, fromWireId('workspace', client)).get('/v1/contacts')).status, 200)
  const weak = await app.makeKey({ workspaceId: agency.id, mode: 'live', scopes: ['contacts:read'] })
  assert.equal((await as(weak, toWireId('workspace', agency.id)).get('/v1/contacts')).status, 200)
})

test('whoever is no client cannot be told from who is nobody', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const other = await makeAgency()
  const theirs = await makeClient(other)
  const clientKey = await app.makeKey({ workspaceId: fromWireId('workspace', client)!, mode: 'live' })
  const answers = []
  for (const [key, id] of [
    [agency.key, newId()],
    [agency.key, randomUUID()],
    [agency.key, theirs],
    [agency.key, other.id],
    [agency.key, agency.sandboxId],
    [clientKey, toWireId('workspace', agency.id)],
    [clientKey, await makeClient(agency)],
    [clientKey, theirs],
  ] as const) {
    const { status, text, headers } = await as(key, id).get('/v1/contacts')
    const { error } = JSON.parse(text) as Error
    answers.push({
      status,
      message: withoutIds(error.message),
      names: Object.keys(error),
      limit: headers['x-ratelimit-limit'],
    })
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.equal(answers[0]!.status, 404)
})

test('a flood of ids that are no client of the agency soon costs no queries, and a client in use does not notice', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  assert.equal((await as(agency.key, client).get('/v1/contacts')).status, 200)
  const statuses = new Set<number>()
  // What an earlier minute still weighs on a limit falls with every moment.
  stoppedAt = Date.now()
  for (let i = 0; i < 1_200; i++) statuses.add((await as(agency.key, newId()).get('/v1/contacts')).status)
  const beyond = await as(agency.key, newId()).get('/v1/contacts')
  stoppedAt = undefined
  assert.deepEqual([[...statuses], beyond.status], [[404], 429])
  assert.equal((await as(agency.key, client).get('/v1/contacts')).status, 200)
})

test('a header that is no id is told so', async () => {
  const agency = await makeAgency()
  await makeClient(agency)
  for (const value of [
    '',
    'x',
    'ws_',
    'null',
    'cnt_01h455vb4pex5vsknk084sn02q',
    `${newId()}, ${newId()}`,
    'x'.repeat(5_000),
  ]) {
    const refused = await as(agency.key, value).get('/v1/contacts')
    assert.deepEqual([refused.status, refused.json<Error>().error.param], [400, 'Parley-Workspace'], value)
  }
})

test('only a key that may act for clients does, and there it may do what it may do at home', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const without = await app.makeKey({
    workspaceId: agency.id,
    mode: 'live',
    scopes: scopes.filter((scope) => scope !== 'workspaces:act'),
  })
  for (const id of [client, newId()]) {
    const refused = await as(without, id).get('/v1/contacts')
    assert.equal(refused.status, 403)
    assert.equal(refused.json<Error>().error.details?.required_scope, 'workspaces:act')
  }
  const reader = await app.makeKey({
    workspaceId: agency.id,
    mode: 'live',
    scopes: ['workspaces:act', 'contacts:read'],
  })
  assert.equal((await as(reader, client).get('/v1/contacts')).status, 200)
  const refused = await as(reader, client).post('/v1/contacts', { name: 'Ada' })
  assert.equal(refused.json<Error>().error.details?.required_scope, 'contacts:write')
})

test('what is about the caller itself cannot be asked in the name of a client', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  for (const path of ['/v1/api-keys/validate', '/v1/users/me', '/v1/accounts'])
    assert.equal((await as(agency.key, client).get(path)).status, path === '/v1/accounts' ? 200 : 400, path)
})

test('a signed-in owner of the agency acts in a client as well', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const now = new Date()
  const [email, password] = [`${randomUUID()}@acme.test`, 'correct horse battery']
  const userId = await createUser(app.database.system, { email, name: 'Ada', password, now })
  await addMember(app.database.system, { workspaceId: agency.id, userId, role: 'owner', now })
  const { token } = (await app.call('POST', '/v1/auth/login', { body: { email, password } })).json<{ token: string }>()
  assert.equal((await as(token, client).post('/v1/contacts', { name: 'Ada' })).status, 201)
  assert.equal((await as(token, newId()).get('/v1/contacts')).status, 404)
})

test('a key minted in a client is an ordinary key of that client, and never an agency’s', async () => {
  const agency = await makeAgency()
  const [a, b] = [await makeClient(agency), await makeClient(agency)]
  for (const scope of ['workspaces:act', 'accounts:write']) {
    const refused = await as(agency.key, a).post('/v1/api-keys', {
      name: 'Integration',
      scopes: ['contacts:read', scope],
    })
    assert.deepEqual([refused.status, refused.json<Error>().error.param], [403, 'scopes'])
  }
  const weak = await app.makeKey({
    workspaceId: agency.id,
    mode: 'live',
    scopes: ['workspaces:act', 'api_keys:manage'],
  })
  assert.equal((await as(weak, a).post('/v1/api-keys', { name: 'More', scopes: ['contacts:read'] })).status, 403)
  const minted = await as(agency.key, a).post('/v1/api-keys', { name: 'Integration', scopes: ['contacts:write'] })
  const { key, id } = minted.json<{ key: string; id: string }>()
  assert.match(key, /^ply_live_/)
  const validity = (await as(key).get('/v1/api-keys/validate')).json<{ workspace_id: string; scopes: string[] }>()
  assert.deepEqual([validity.workspace_id, validity.scopes], [a, ['contacts:write']])
  assert.equal((await as(key, b).get('/v1/contacts')).status, 403)
  assert.deepEqual(await idsIn(as(agency.key, b).get('/v1/api-keys')), [])
  assert.ok(!(await idsIn(as(agency.key).get('/v1/api-keys'))).includes(id))
  assert.equal(
    (await app.call('DELETE', `/v1/api-keys/${id}`, { key: agency.key, headers: { 'parley-workspace': a } })).status,
    204,
  )
  assert.equal((await as(key).get('/v1/contacts')).status, 401)
})

test('the logs of the client tell who acted in it, and those of the agency do not', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const { key_id } = (await as(agency.key).get('/v1/api-keys/validate')).json<{ key_id: string }>()
  await as(agency.key, client).post('/v1/api-keys', { name: 'Integration', scopes: ['contacts:read'] })
  await as(agency.key, client).get('/v1/webhooks')
  const audits = (await as(agency.key, client).get('/v1/audit-logs')).json<{
    data: { action: string; actor: string }[]
  }>()
  assert.equal(audits.data.find(({ action }) => action === 'api_key.created')?.actor, `api_key:${key_id}`)
  await app.deps.requestRecorder.flush()
  const routesIn = async (id?: string) =>
    (await as(agency.key, id).get('/v1/request-logs')).json<{ data: { route: string; key_id: string }[] }>().data
  const inClient = await routesIn(client)
  assert.ok(inClient.some(({ route }) => route === '/v1/webhooks') && inClient.every((row) => row.key_id === key_id))
  assert.ok(!(await routesIn()).some(({ route }) => route === '/v1/webhooks'))
})

test('one idempotency key in two clients is two requests', async () => {
  const agency = await makeAgency()
  const [a, b] = [await makeClient(agency), await makeClient(agency)]
  const again = { 'idempotency-key': randomUUID() }
  const inA = await as(agency.key, a).post('/v1/contacts', { name: 'Ada' }, again)
  const inB = await as(agency.key, b).post('/v1/contacts', { name: 'Bea' }, again)
  assert.deepEqual([inA.status, inB.status, inB.headers['idempotency-replayed']], [201, 201, undefined])
  const repeated = await as(agency.key, a).post('/v1/contacts', { name: 'Ada' }, again)
  assert.deepEqual([repeated.text, repeated.headers['idempotency-replayed']], [inA.text, 'true'])
})

test('a suspended client is refused to everybody within a second, and reached again when it is active', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const key = await app.makeKey({ workspaceId: fromWireId('workspace', client)!, mode: 'live' })
  const askAll = async () =>
    Promise.all([as(key).get('/v1/contacts'), as(agency.key, client).get('/v1/contacts')]).then((answers) =>
      answers.map((answer) => [answer.status, answer.status === 200 ? '' : answer.json<Error>().error.code]),
    )
  assert.deepEqual(await askAll(), [
    [200, ''],
    [200, ''],
  ])
  const setStatus = async (status: string) => {
    assert.equal((await as(agency.key).patch(`/v1/accounts/${client}`, { status })).status, 200)
    ahead += 1_000
  }
  await setStatus('suspended')
  assert.deepEqual(await askAll(), [
    [403, 'WORKSPACE_SUSPENDED'],
    [403, 'WORKSPACE_SUSPENDED'],
  ])
  assert.equal((await as(agency.key).get('/v1/contacts')).status, 200)
  await setStatus('active')
  assert.deepEqual(await askAll(), [
    [200, ''],
    [200, ''],
  ])
})

test('a suspended agency is refused, and so are its clients', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const key = await app.makeKey({ workspaceId: fromWireId('workspace', client)!, mode: 'live' })
  await app.database.system.updateTable('workspaces').set({ status: 'suspended' }).where('id', '=', agency.id).execute()
  ahead += 1_000
  for (const request of [as(agency.key), as(agency.key, client), as(key)]) {
    const refused = await request.get('/v1/contacts')
    assert.deepEqual([refused.status, refused.json<Error>().error.code], [403, 'WORKSPACE_SUSPENDED'])
  }
})

test('acting in a client costs no query of its own while it is remembered', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  await as(agency.key, client).get('/v1/contacts')
  // Were it looked up again, it would no longer be found.
  await app.database.system
    .updateTable('workspaces')
    .set({ parent_id: null })
    .where('id', '=', fromWireId('workspace', client)!)
    .execute()
  assert.equal((await as(agency.key, client).get('/v1/contacts')).status, 200)
  ahead += 1_000
  assert.equal((await as(agency.key, client).get('/v1/contacts')).status, 404)
})

test('a request for a client counts on the limit of that client', async () => {
  const agency = await makeAgency()
  const [a, b] = [await makeClient(agency, { plan: 'free' }), await makeClient(agency, { plan: 'free' })]
  const remaining = async (id: string) => {
    const { headers } = await as(agency.key, id).get('/v1/contacts')
    assert.equal(headers['x-ratelimit-limit'], '30')
    return Number(headers['x-ratelimit-remaining'])
  }
  const before = await remaining(b)
  for (let i = 0; i < 5; i++) await remaining(a)
  assert.equal(await remaining(b), before - 1)
})

test('an agency invites people into the account of a client, and makes nobody an owner of it', async () => {
  const agency = await makeAgency()
  const client = await makeClient(agency)
  const invite = (role: string) =>
    as(agency.key, client).post('/v1/invites', { email: `${randomUUID()}@acme.test`, role })
  assert.equal((await invite('admin')).status, 201)
  assert.equal((await invite('viewer')).status, 201)
  assert.equal((await invite('owner')).status, 403)
  assert.deepEqual(await idsIn(as(agency.key).get('/v1/invites')), [])
})
