import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { openTestDatabase } from '../../../test/database.ts'

const database = await openTestDatabase()
let now = Date.now()
const clock = { now: () => new Date(now) }
const app: TestApp = await openTestApp({
  database,
  clock,
  background: true,
  settings: { widgetReadsPerMinute: 1_000, widgetWritesPerMinute: 1_000 },
})
const base = await app.listen()
after(async () => {
  await app.close()
  await database.close()
})

type Json = Record<string, unknown>
type Site = { workspaceId: string; key: string; agentId: string; keyId: string; widgetKey: string }
type Visit = { conversation_id: string; conversation_secret: string; expires_at: string }

const shop = 'https://shop.example.com'

const post = async (key: string, path: string, body: unknown = {}): Promise<Json> => {
  const response = await app.call('POST', path, { key, body })
  assert.ok(response.status < 300, `${path} answered ${response.status}: ${response.text}`)
  return response.json()
}

const makeSite = async (mode: 'live' | 'sandbox' = 'live', domains = ['shop.example.com']): Promise<Site> => {
  const workspaceId = await app.makeWorkspace(mode)
  const key = await app.makeKey({ workspaceId, mode })
  const agentId = String((await post(key, '/v1/agents', { name: 'Support', instructions: 'Be brief.' })).id)
  for (const domain of domains) await post(key, `/v1/agents/${agentId}/allowed-domains`, { domain })
  const made = await post(key, `/v1/agents/${agentId}/widget-keys`, { name: 'Shop' })
  return { workspaceId, key, agentId, keyId: String(made.id), widgetKey: String(made.key) }
}

type Sent = { origin?: string; method?: string; body?: unknown; headers?: Record<string, string> }

/** As a browser sends it, over a real connection. */
const ask = (credential: string, path: string, { origin = shop, method, body, headers = {} }: Sent = {}) =>
  fetch(`${base}/widget/v1${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${credential}`,
      ...(origin === '' ? {} : { origin }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const open = async ({ widgetKey }: Site, origin = shop): Promise<Visit> => {
  const response = await ask(widgetKey, '/conversations', { body: {}, origin })
  assert.equal(response.status, 201)
  return (await response.json()) as Visit
}

const messagesOf = ({ conversation_id }: Visit) => `/conversations/${conversation_id}/messages`

const teach = async ({ key }: Site): Promise<void> => {
  const source = { type: 'text', name: 'Policies', content: 'Refunds are paid back within five business days.' }
  const { id } = await post(key, '/v1/knowledge-sources', source)
  for (let status = ''; status !== 'ready'; ) {
    const read = (await app.call('GET', `/v1/knowledge-sources/${id}`, { key })).json()
    status = String(read.status)
    assert.notEqual(status, 'failed')
  }
}

test('a page on an allowed domain may read the answer, by its exact origin', async () => {
  const site = await makeSite()
  for (const origin of [shop, 'http://shop.example.com:8080']) {
    const response = await ask(site.widgetKey, '/config', { origin })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('access-control-allow-origin'), origin)
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
    assert.equal(response.headers.get('vary'), 'Origin')
    assert.match(response.headers.get('access-control-expose-headers') ?? '', /Retry-After/)
    assert.equal(response.headers.get('set-cookie'), null)
    const { appearance, ...config } = (await response.json()) as Json
    assert.deepEqual(config, { agent_id: site.agentId, name: 'Support', status: 'active' })
    assert.deepEqual(Object.keys(appearance as Json).sort(), [
      'position',
      'primary_color',
      'secondary_color',
      'template',
    ])
  }
})

test('a page on another site is refused and reads nothing, before anything happens', async () => {
  const site = await makeSite()
  const visit = await open(site)
  for (const origin of ['https://evil.test', 'https://shop.example.com.evil.test', 'null', 'http://localhost:3000'])
    for (const response of [
      await ask(site.widgetKey, '/config', { origin }),
      await ask(site.widgetKey, '/conversations', { origin, body: {} }),
      await ask(visit.conversation_secret, messagesOf(visit), { origin }),
      await ask(visit.conversation_secret, messagesOf(visit), { origin, body: { message: 'Hello' } }),
    ]) {
      assert.equal(response.status, 403)
      assert.equal(response.headers.get('access-control-allow-origin'), null)
      assert.equal(response.headers.get('vary'), 'Origin')
      assert.equal(((await response.json()) as { error: Json }).error.code, 'FORBIDDEN')
    }
  const listed = (await app.call('GET', '/v1/conversations', { key: site.key })).json<{ data: unknown[] }>()
  assert.equal(listed.data.length, 1)
})

test('a live agent without allowed domains is shown nowhere, one of the sandbox on this machine', async () => {
  const live = await makeSite('live', [])
  const sandbox = await makeSite('sandbox', [])
  const statusAt = async (site: Site, origin: string) => (await ask(site.widgetKey, '/config', { origin })).status
  for (const origin of [shop, 'http://localhost:3000', '']) assert.equal(await statusAt(live, origin), 403, origin)
  for (const origin of ['http://localhost:3000', '']) assert.equal(await statusAt(sandbox, origin), 200, origin)
  assert.equal(await statusAt(sandbox, shop), 403)
})

test('a domain that is taken away stops the page at once', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const path = `/v1/agents/${site.agentId}/allowed-domains/shop.example.com`
  assert.equal((await app.call('DELETE', path, { key: site.key })).status, 204)
  assert.equal((await ask(site.widgetKey, '/config')).status, 403)
  assert.equal((await ask(visit.conversation_secret, messagesOf(visit))).status, 403)
})

test('a preflight says what may be asked, and needs no credential', async () => {
  for (const path of ['/config', '/conversations', '/conversations/conv_01h455vb4pex5vsknk084sn02q/messages']) {
    const response = await fetch(`${base}/widget/v1${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: shop,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    assert.equal(response.status, 204)
    assert.equal(response.headers.get('access-control-allow-origin'), shop)
    assert.match(response.headers.get('vary') ?? '', /^Origin/)
    const allowed = (response.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ')
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'last-event-id'])
      assert.ok(allowed.includes(name), name)
    const methods = (response.headers.get('access-control-allow-methods') ?? '').split(', ')
    assert.ok(methods.includes(path === '/config' ? 'GET' : 'POST'))
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
  }
  const elsewhere = await fetch(`${base}/v1/contacts`, { method: 'OPTIONS', headers: { origin: shop } })
  assert.equal(elsewhere.headers.get('access-control-allow-origin'), null)
})

test('each kind of credential opens its own doors and no others', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const wrong: [string, string][] = [
    ['/config', site.key],
    ['/config', visit.conversation_secret],
    [messagesOf(visit), site.key],
    [messagesOf(visit), site.widgetKey],
  ]
  for (const [path, credential] of wrong) {
    const response = await ask(credential, path)
    assert.equal(response.status, 401, path)
    // The page must be able to read that its credential is no good.
    assert.equal(response.headers.get('access-control-allow-origin'), shop)
  }
  for (const key of [site.widgetKey, visit.conversation_secret])
    for (const path of [`/v1/conversations/${visit.conversation_id}`, '/v1/agents', '/api/v1/contacts', '/v1/users/me'])
      assert.equal((await app.call('GET', path, { key })).status, 401, path)
})

test('a visitor reads and writes in their own conversation alone', async () => {
  const site = await makeSite()
  const other = await makeSite()
  const mine = await open(site)
  const strangers = [await open(site), await open(other)]
  for (const { conversation_secret } of strangers)
    for (const response of [
      await ask(conversation_secret, `/conversations/${mine.conversation_id}`),
      await ask(conversation_secret, messagesOf(mine)),
      await ask(conversation_secret, messagesOf(mine), { body: { message: 'Hello' } }),
    ])
      assert.equal(response.status, 404)
  const read = await ask(mine.conversation_secret, `/conversations/${mine.conversation_id}`)
  const { id, status, handoff } = (await read.json()) as Json
  assert.deepEqual([id, status, handoff], [mine.conversation_id, 'open', null])
})

const companyOnly = /confidence|usage|agent_version_id|source_id|source_name|document_id|reason|author|prompt_tokens/

test('a visitor is answered with evidence and without what is the company’s, in JSON and in the list', async () => {
  const site = await makeSite()
  await teach(site)
  const visit = await open(site)
  const response = await ask(visit.conversation_secret, messagesOf(visit), {
    body: { message: 'When are refunds paid?' },
  })
  assert.equal(response.status, 200)
  const text = await response.text()
  const reply = JSON.parse(text)
  assert.equal(reply.content, 'Refunds are paid back within five business days.')
  assert.equal(reply.citations[0].quote, reply.content)
  assert.doesNotMatch(text, companyOnly)
  const unknown = await ask(visit.conversation_secret, messagesOf(visit), {
    body: { message: 'Who won the 1954 cup?' },
  })
  assert.deepEqual(((await unknown.json()) as Json).handoff, { state: 'requested' })
  const answered = { content: 'A person here: Germany did.' }
  await post(site.key, `/v1/conversations/${visit.conversation_id}/messages`, answered)
  const listed = await (await ask(visit.conversation_secret, messagesOf(visit))).text()
  assert.doesNotMatch(listed, companyOnly)
  assert.deepEqual(
    (JSON.parse(listed).data as Json[]).map(({ role }) => role),
    ['user', 'assistant', 'user', 'assistant', 'human'],
  )
  const passedOn = await ask(visit.conversation_secret, messagesOf(visit), { body: { message: 'Thanks!' } })
  const { role, handoff } = (await passedOn.json()) as Json
  assert.deepEqual([role, handoff], ['user', { state: 'active' }])
})

const framesOf = (text: string) =>
  text
    .split('\n\n')
    .filter((frame) => frame.startsWith('id: '))
    .map((frame) => {
      const [id, event, data] = frame.split('\n').map((line) => line.slice(line.indexOf(': ') + 2))
      return { id: id!, event: event!, data: JSON.parse(data!) as Json }
    })

test('an answer streams to the page, and the rest of a broken stream is fetched by Last-Event-ID', async () => {
  const site = await makeSite()
  await teach(site)
  const visit = await open(site)
  const question = { message: 'When are refunds paid?', stream: true }
  const response = await ask(visit.conversation_secret, messagesOf(visit), { body: question })
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(response.headers.get('access-control-allow-origin'), shop)
  const text = await response.text()
  assert.doesNotMatch(text, companyOnly)
  const frames = framesOf(text)
  assert.deepEqual(
    frames.map(({ event }) => event),
    ['message-start', 'text-delta', 'citation', 'message-end'],
  )
  const headers = { 'last-event-id': frames[1]!.id }
  const rest = await ask(visit.conversation_secret, messagesOf(visit), { body: question, headers })
  assert.deepEqual(framesOf(await rest.text()), frames.slice(2))
  const stranger = await open(site)
  const stolen = await ask(stranger.conversation_secret, messagesOf(stranger), { body: question, headers })
  assert.equal(stolen.status, 404)
})

test('visitors and the company may use the same idempotency key without meeting', async () => {
  const site = await makeSite()
  const headers = { 'idempotency-key': 'once' }
  const [one, two] = [await open(site), await open(site)]
  const send = ({ conversation_secret, ...visit }: Visit, message: string) =>
    ask(conversation_secret, messagesOf({ ...visit, conversation_secret }), { body: { message }, headers })
  const first = await send(one, 'Hello')
  const again = await send(one, 'Hello')
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal(await again.text(), await first.text())
  assert.equal((await send(one, 'Another question')).status, 422)
  assert.equal((await send(two, 'Another question')).headers.get('idempotency-replayed'), null)
  const created = await app.call('POST', '/v1/contacts', { key: site.key, body: { name: 'Ada' }, headers })
  assert.equal(created.status, 201)
})

test('a revoked widget key opens nothing more, and open conversations go on until the agent is paused', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const path = `/v1/agents/${site.agentId}/widget-keys/${site.keyId}`
  assert.equal((await app.call('DELETE', path, { key: site.key })).status, 204)
  assert.equal((await ask(site.widgetKey, '/config')).status, 401)
  assert.equal((await ask(site.widgetKey, '/conversations', { body: {} })).status, 401)
  const send = () => ask(visit.conversation_secret, messagesOf(visit), { body: { message: 'Hello' } })
  assert.equal((await send()).status, 200)
  const paused = { body: { status: 'paused' }, key: site.key }
  assert.equal((await app.call('PATCH', `/v1/agents/${site.agentId}`, paused)).status, 200)
  assert.equal((await send()).status, 409)
  assert.equal((await ask(visit.conversation_secret, messagesOf(visit))).status, 200)
})

test('a key that another process revoked is refused by the next request', async () => {
  const site = await makeSite()
  assert.equal((await ask(site.widgetKey, '/config')).status, 200)
  await database.system
    .updateTable('widget_keys')
    .set({ revoked_at: new Date(now) })
    .where('key', '=', site.widgetKey)
    .execute()
  assert.equal((await ask(site.widgetKey, '/config')).status, 401)
})

test('an expired secret is refused, and the page can read that it is', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const dayMs = 86_400_000
  now += 29 * dayMs
  assert.equal((await ask(visit.conversation_secret, messagesOf(visit))).status, 200)
  now += 29 * dayMs
  assert.equal((await ask(visit.conversation_secret, messagesOf(visit))).status, 200)
  now += 30 * dayMs
  const late = await ask(visit.conversation_secret, messagesOf(visit))
  assert.deepEqual([late.status, late.headers.get('access-control-allow-origin')], [401, shop])
})

test('what visitors may send is bounded', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const start = (metadata: unknown) => ask(site.widgetKey, '/conversations', { body: { metadata } })
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`n${n}`, n]))
  for (const metadata of [many, { page: 'x'.repeat(501) }, { ['x'.repeat(51)]: 1 }, { deep: { er: 1 } }, { list: [] }])
    assert.equal((await start(metadata)).status, 400)
  assert.equal((await start({ page: '/pricing', cart: 3, vip: false })).status, 201)
  const send = (body: unknown) => ask(visit.conversation_secret, messagesOf(visit), { body })
  assert.equal((await send({ message: 'x'.repeat(4_001) })).status, 400)
  for (const name of ['agent_id', 'contact_id', 'conversation_id', 'context'])
    assert.equal((await send({ message: 'Hello', [name]: 'agt_01h455vb4pex5vsknk084sn02q' })).status, 400, name)
})

test('each visitor, and each address by a widget key, has a minute of their own, apart from the API keys', async () => {
  const limited = await openTestApp({
    database,
    clock,
    settings: { widgetReadsPerMinute: 3, widgetWritesPerMinute: 2 },
  })
  const site = await makeSite('sandbox', [])
  const call = (method: string, path: string, key: string, from = '127.0.0.1') =>
    limited.call(method, `/widget/v1${path}`, { key, from, ...(method === 'POST' ? { body: {} } : {}) })
  const statuses = async (times: number, request: () => Promise<{ status: number }>) => {
    const seen: number[] = []
    for (let n = 0; n < times; n++) seen.push((await request()).status)
    return seen
  }
  const opened = await call('POST', '/conversations', site.widgetKey)
  const { conversation_id, conversation_secret } = opened.json<Visit>()
  assert.equal(opened.headers['x-ratelimit-limit'], '2')
  assert.deepEqual(await statuses(2, () => call('POST', '/conversations', site.widgetKey)), [201, 429])
  assert.equal((await call('POST', '/conversations', site.widgetKey, '127.0.0.2')).status, 201)
  assert.deepEqual(await statuses(4, () => call('GET', '/config', site.widgetKey)), [200, 200, 200, 429])
  const messages = `/conversations/${conversation_id}/messages`
  assert.deepEqual(await statuses(3, () => call('POST', messages, conversation_secret)), [400, 400, 429])
  assert.deepEqual(await statuses(4, () => call('GET', messages, conversation_secret)), [200, 200, 200, 429])
  assert.equal((await limited.call('GET', '/v1/agents', { key: site.key })).status, 200)
  await limited.close()
})

const apart = database.kind === 'embedded' && 'NOT PROVED HERE: the embedded database has one process'

test('visitors and the holders of a widget key have one minute in all processes', { skip: apart }, async () => {
  const settings = { widgetReadsPerMinute: 40, widgetWritesPerMinute: 3 }
  const processes = [await openTestApp({ database, clock, settings }), await openTestApp({ database, clock, settings })]
  const site = await makeSite('sandbox', [])
  const call = (n: number, method: string, path: string, key: string, from = '127.0.0.1') =>
    processes[n % 2]!.call(method, `/widget/v1${path}`, { key, from, ...(method === 'POST' ? { body: {} } : {}) })
  const visit = async (n: number) =>
    (await call(n, 'POST', '/conversations', site.widgetKey, `127.81.0.${n}`)).json<Visit>()
  const admitted = async (method: 'GET' | 'POST', path: string, key: string): Promise<number> => {
    const calls = Array.from({ length: method === 'POST' ? 12 : 60 }, (_, n) => call(n, method, path, key))
    return (await Promise.all(calls)).filter(({ status }) => status !== 429).length
  }
  const [first, ...others] = await Promise.all([1, 2, 3, 4].map(visit))
  assert.equal(await admitted('POST', '/conversations', site.widgetKey), 3)
  assert.equal(await admitted('POST', messagesOf(first!), first!.conversation_secret), 3)
  const within = (count: number, limit: number) =>
    assert.ok(count <= limit && count >= limit * 0.9, `${count} of ${limit}`)
  within(await admitted('GET', '/config', site.widgetKey), 40)
  within(await admitted('GET', messagesOf(first!), first!.conversation_secret), 40)
  // All visitors of a workspace together have the minute of its plan.
  await database.system.updateTable('workspaces').set({ plan_id: 'free' }).where('id', '=', site.workspaceId).execute()
  const reads = others.map((other) => admitted('GET', messagesOf(other), other.conversation_secret))
  within(
    (await Promise.all(reads)).reduce((sum, count) => sum + count, 0),
    30,
  )
  for (const process of processes) await process.close()
})

test('a page can read that it asks too often, and when to come back', async () => {
  const limited = await openTestApp({ database, clock, settings: { widgetReadsPerMinute: 1 } })
  const site = await makeSite()
  const headers = { origin: shop }
  const read = () => limited.call('GET', '/widget/v1/config', { key: site.widgetKey, headers })
  assert.equal((await read()).status, 200)
  const refused = await read()
  assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [429, shop])
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  await limited.close()
})

test('a flood by a widget key soon costs no queries, and no address beside it notices', async () => {
  const limited = await openTestApp({ database, clock, settings: { widgetReadsPerMinute: 1 } })
  const site = await makeSite()
  const read = (from: string, key = site.widgetKey) =>
    limited.call('GET', '/widget/v1/config', { key, from, headers: { origin: shop } })
  for (let i = 0; i < 1_201; i++) await read('127.78.0.1')
  await app.call('DELETE', `/v1/agents/${site.agentId}/widget-keys/${site.keyId}`, { key: site.key })
  // Where the key is still looked up, that it is revoked is known.
  assert.equal((await read('127.78.0.1')).status, 429)
  assert.equal((await read('127.78.0.2')).status, 401)
  await limited.close()
})

test('a visitor’s question counts as a chat message of the day, and a refusal tells them nothing of the plan', async () => {
  const site = await makeSite()
  const { system } = database
  const day = new Date(now).toISOString().slice(0, 10)
  const counted = { workspace_id: site.workspaceId, metric: 'chat_messages', day, slot: 1, used: 49 }
  await system.insertInto('usage_counters').values(counted).execute()
  await system.updateTable('workspaces').set({ plan_id: 'free' }).where('id', '=', site.workspaceId).execute()
  const visit = await open(site)
  const send = () => ask(visit.conversation_secret, messagesOf(visit), { body: { message: 'Hello' } })
  assert.equal((await send()).status, 200)
  const refused = await send()
  const { message, details } = ((await refused.json()) as { error: Json }).error
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [429, shop])
  assert.doesNotMatch(JSON.stringify({ message, details }), /free|\b50\b|"limit"/i)
})

test('a suspended workspace is closed to visitors too, and so is one of a suspended agency', async () => {
  const site = await makeSite()
  const visit = await open(site)
  const { system } = database
  const agency = await app.makeWorkspace('live')
  const change = (id: string, changes: { status?: 'active' | 'suspended'; parent_id?: string }) =>
    system.updateTable('workspaces').set(changes).where('id', '=', id).execute()
  const statuses = async () => [
    (await ask(site.widgetKey, '/config')).status,
    (await ask(visit.conversation_secret, messagesOf(visit))).status,
  ]
  await change(site.workspaceId, { parent_id: agency })
  assert.deepEqual(await statuses(), [200, 200])
  await change(agency, { status: 'suspended' })
  assert.deepEqual(await statuses(), [401, 401])
  await change(agency, { status: 'active' })
  await change(site.workspaceId, { status: 'suspended' })
  assert.deepEqual(await statuses(), [401, 401])
})
