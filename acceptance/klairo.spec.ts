import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { assertReply, chatByCurl, chatByRequests, message, teachFollowUps } from './klairo-page.ts'
import { framesAsTheyCome, installParley, type Parley } from './parley.ts'

// Clients of the /api routes, written from klairo's published page alone; only the base URL is another.

const run = promisify(execFile)

let parley: Parley
let token = ''
let base = ''

before(async () => {
  parley = await installParley({ PARLEY_KEY_BRAND: 'kl', PARLEY_TRUSTED_PROXIES: '127.0.0.1' })
  await parley.start()
  token = (await parley.credentials()).live_key
  base = parley.baseUrl
  await teachFollowUps(parley, token)
})

after(async () => {
  await parley.remove()
})

const post = (path: string, body: object) =>
  fetch(`${base}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })

test('the printed curl line validates a key', async () => {
  const line = `curl -s ${base}/api/keys?action=validate \\
  -H "Authorization: Bearer ${token}"`
  const validity = JSON.parse((await run('sh', ['-c', line])).stdout)
  assert.deepEqual(Object.keys(validity), 'valid user_id email plan key_name usage limit'.split(' '))
  assert.equal(validity.valid, true)
  assert.match(validity.user_id, /^usr_/)
  assert.equal(validity.email, (await parley.credentials()).admin_email)
  assert.equal(typeof validity.plan, 'string')
  assert.equal(typeof validity.key_name, 'string')
  assert.ok(validity.usage >= 1)
  assert.equal(validity.limit, null, 'a self-hosted plan has no limit')
  const wrong = await parley.call('GET', '/api/keys?action=validate', { key: 'kl_live_YOUR_API_KEY' })
  assert.deepEqual([wrong.status, wrong.body.error.code, wrong.body.error.status], [401, 'UNAUTHORIZED', 401])
})

test('the printed curl line chats, with its action', async () => {
  assertReply(await chatByCurl(`${base}/api/chat`, token))
})

test('a conversation goes on by its id, with a contact as context', async () => {
  const contact: any = await (await post('/api/contacts', { name: 'Alex Johnson', company: 'Acme Corp' })).json()
  const first: any = await (
    await post('/api/chat', { message, context: { contact_id: contact.id }, stream: false })
  ).json()
  assertReply(first)
  const second: any = await (await post('/api/chat', { message, conversation_id: first.conversation_id })).json()
  assertReply(second)
  assert.equal(second.conversation_id, first.conversation_id)
})

test('what a requests client sends is answered alike', async () => {
  assertReply(await chatByRequests(`${base}/api/chat`, token))
})

test('an answer streams as Server-Sent Events when asked', async () => {
  const streamed = await post('/api/chat', { message, stream: true })
  assert.match(streamed.headers.get('content-type') ?? '', /^text\/event-stream/)
  const frames = []
  for await (const frame of framesAsTheyCome(streamed)) frames.push(frame)
  assertReply(frames.at(-1)!.data.message)
})

test('contacts are created, changed, searched and paged as printed', async () => {
  const fields = 'id name email company tags metadata created_at updated_at'.split(' ')
  const metadata = { deal_value: 12000, source: 'cold-email' }
  const alex = { name: 'Alex Johnson', email: 'alex@acmecorp.com', company: 'Acme Corp' }
  const response = await post('/api/contacts', { ...alex, tags: ['prospect', 'proposal-sent'], metadata })
  assert.equal(response.status, 201)
  const created: any = await response.json()
  assert.deepEqual(Object.keys(created), fields)
  assert.match(created.id, /^cnt_/)
  assert.deepEqual(created.metadata, metadata)
  for (let n = 0; n < 3; n++) await post('/api/contacts', { name: `Client ${n}`, tags: ['client'] })

  const get = async (query: string) => (await parley.call('GET', `/api/contacts${query}`, { key: token })).body
  const found = await get('?search=acmecorp&tag=prospect')
  assert.deepEqual(found, { data: [created], total: 1, limit: 20, offset: 0 })
  const page = await get('?tag=client&limit=2&offset=1')
  assert.deepEqual(
    [page.data.map(({ name }: any) => name), page.total, page.limit, page.offset],
    [['Client 1', 'Client 0'], 3, 2, 1],
  )
  const changed = await parley.call('PATCH', `/api/contacts/${created.id}`, { key: token, body: { tags: ['client'] } })
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body, { ...created, tags: ['client'], updated_at: changed.body.updated_at })
  assert.equal((await get('?tag=client')).total, 4)
})

test('errors have the printed shape and every response says what is left', async () => {
  const asked: [number, string, ReturnType<Parley['call']>][] = [
    [400, 'BAD_REQUEST', parley.call('POST', '/api/chat', { key: token, body: { action: 'chat' } })],
    [400, 'BAD_REQUEST', parley.call('GET', '/api/contacts?limit=101', { key: token })],
    [401, 'UNAUTHORIZED', parley.call('POST', '/api/chat', { key: null, body: { message } })],
    [404, 'NOT_FOUND', parley.call('PATCH', '/api/contacts/cnt_01JNABC123', { key: token, body: { name: 'Alex' } })],
    [
      426,
      'UPGRADE_REQUIRED',
      parley.call('GET', '/api/contacts', { key: token, headers: { 'x-forwarded-proto': 'http' } }),
    ],
  ]
  for (const [status, code, answer] of asked) {
    const { body, headers, status: seen } = await answer
    assert.deepEqual([seen, body.error.code, body.error.status], [status, code, status])
    assert.equal(typeof body.error.message, 'string')
    for (const name of ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'])
      assert.match(headers.get(name) ?? '', /^\d+$/, name)
  }
  const missing = await parley.call('GET', '/api/contacts', { key: null })
  assert.equal(missing.body.error.message, 'Bearer token is missing or invalid.')
})

test('credentials are exchanged for a token of a day, which the page’s other calls accept and can be refreshed', async () => {
  const { admin_email, admin_password } = await parley.credentials()
  const login = (password: string) =>
    parley.call('POST', '/api/auth/login', { key: null, body: { email: admin_email, password } })
  const issued = await login(admin_password)
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  assert.match(issued.body.token, /^eyJ/)
  assert.deepEqual(Object.keys(issued.body.user).sort(), ['email', 'id', 'name', 'plan'])
  const hours = (Date.parse(issued.body.expires_at) - Date.now()) / 3_600_000
  assert.ok(hours > 23 && hours <= 24, String(hours))
  assert.equal((await login('not the password')).status, 401)
  assert.equal((await parley.call('POST', '/api/auth/login', { key: null, body: { email: admin_email } })).status, 400)

  const jwt = issued.body.token
  const me = await parley.call('GET', '/api/users/me', { key: jwt })
  assert.equal(me.status, 200)
  assert.deepEqual(Object.keys(me.body).sort(), [
    'avatar_url',
    'created_at',
    'email',
    'id',
    'last_seen_at',
    'name',
    'plan',
    'quota',
  ])
  assert.deepEqual(Object.keys(me.body.plan).sort(), ['id', 'label', 'renews_at', 'status'])
  assert.deepEqual(Object.keys(me.body.quota).sort(), ['api_limit_per_minute', 'automations_max', 'chat_limit_daily'])
  assert.equal((await parley.call('GET', '/v1/users/me', { key: jwt })).body.id, me.body.id)
  assert.equal((await parley.call('GET', '/api/contacts', { key: jwt })).status, 200)

  const refreshed = await parley.call('POST', '/api/auth/refresh', { key: jwt })
  assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body))
  assert.equal((await parley.call('GET', '/api/users/me', { key: refreshed.body.token })).status, 200)
})
