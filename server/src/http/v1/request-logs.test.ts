import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { makeTenant, type Tenant } from '../../../test/tenant.ts'
import { startBackground } from '../../background.ts'
import { newId, toWireId } from '../../base/ids.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

type Entry = {
  id: string
  created_at: string
  request_id: string
  key_id: string | null
  method: string
  route: string
  status: number
  error_code: string | null
  duration_ms: number
  bytes_in: number
  bytes_out: number | null
  address: string
  idempotency_key_hash: string | null
}

type Listed = { data: Entry[]; has_more: boolean; next_cursor: string | null }

const list = async ({ key }: Tenant, query = ''): Promise<Listed> => {
  const response = await app.call('GET', `/v1/request-logs${query}`, { key })
  assert.equal(response.status, 200, response.text)
  return response.json<Listed>()
}

test('a request is found by its id, with what became of it and without what was in it', async () => {
  const tenant = await makeTenant(app)
  const { key } = tenant
  const body = { name: 'Ada Lovelace' }
  const sent = { key, body, headers: { 'x-request-id': 'mine-1', 'idempotency-key': 'order-4711' } }
  const made = await app.call('POST', '/v1/contacts', sent)
  const { data } = await list(tenant, '?request_id=mine-1')
  const [entry] = data
  assert.equal(data.length, 1)
  assert.ok(entry)
  assert.equal(entry.method, 'POST')
  assert.equal(entry.route, '/v1/contacts')
  assert.equal(entry.status, 201)
  assert.equal(entry.error_code, null)
  assert.equal(entry.bytes_in, JSON.stringify(body).length)
  assert.equal(entry.bytes_out, made.text.length)
  assert.equal(entry.address, '127.0.0.1')
  assert.match(entry.idempotency_key_hash ?? '', /^[0-9a-f]{16}$/)
  assert.ok(entry.duration_ms >= 0)
  assert.equal(entry.key_id, (await tenant.get('/v1/api-keys/validate')).key_id)
  assert.deepEqual(await tenant.get(`/v1/request-logs/${entry.id}`), entry)
})

test('failures carry their code, and the route instead of the path', async () => {
  const tenant = await makeTenant(app)
  const { key, workspaceId } = tenant
  await app.call('GET', `/v1/contacts/${toWireId('contact', newId())}`, { key })
  await app.call('POST', '/v1/contacts', { key, body: '{' })
  const reader = await app.makeKey({ workspaceId, scopes: ['contacts:read'] })
  await app.call('POST', '/v1/contacts', { key: reader, body: {} })
  const { data } = await list(tenant, '?status=4xx')
  assert.deepEqual(
    data.map(({ status, error_code, route }) => [status, error_code, route]),
    [
      [403, 'FORBIDDEN', '/v1/contacts'],
      [400, 'BAD_REQUEST', '/v1/contacts'],
      [404, 'NOT_FOUND', '/v1/contacts/{id}'],
    ],
  )
})

test('requests are found by status, method, route, key and time, and paged newest first', async () => {
  const tenant = await makeTenant(app)
  for (let i = 0; i < 4; i++) await tenant.post('/v1/contacts', { name: `Contact ${i}` })
  await tenant.get('/v1/contacts')
  const first = await list(tenant, '?route=/v1/contacts&method=POST&limit=3')
  assert.equal(first.has_more, true)
  const rest = await list(tenant, `?route=/v1/contacts&method=POST&limit=3&cursor=${first.next_cursor}`)
  const all = [...first.data, ...rest.data]
  assert.equal(all.length, 4)
  assert.deepEqual(
    all
      .map(({ id }) => id)
      .toSorted()
      .toReversed(),
    all.map(({ id }) => id),
  )

  const count = async (query: string) => (await list(tenant, query)).data.length
  assert.equal(await count('?status=201&route=/v1/contacts'), 4)
  assert.equal(await count('?status=404'), 0)
  assert.equal(await count(`?route=/v1/contacts&key_id=${all[0]!.key_id}`), 5)
  assert.equal(await count(`?key_id=${toWireId('apiKey', newId())}`), 0)
  assert.equal(await count(`?to=${all.at(-1)!.created_at}&route=/v1/contacts`), 0)
  assert.equal(await count(`?from=${all.at(-1)!.created_at}&route=/v1/contacts`), 5)
  for (const query of ['?status=999', '?status=4', '?method=TRACE', '?from=yesterday'])
    assert.equal((await app.call('GET', `/v1/request-logs${query}`, { key: tenant.key })).status, 400, query)
})

test('an answer is logged with its size as it went over a socket, and a stream when it has ended, without one', async () => {
  const tenant = await makeTenant(app)
  const url = await app.listen()
  const plain = await fetch(`${url}/v1/contacts`, { headers: { authorization: `Bearer ${tenant.key}` } })
  const { length } = await plain.text()
  const response = await fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ message: 'How long does a refund take?', stream: true }),
  })
  assert.match(response.headers.get('content-type') ?? '', /event-stream/)
  await response.text()
  let found: Entry | undefined
  while (!found) found = (await list(tenant, '?route=/v1/chat')).data[0]
  assert.equal(found.status, 200)
  assert.equal(found.bytes_out, null)
  assert.equal((await list(tenant, '?route=/v1/contacts')).data[0]?.bytes_out, length)
})

test('an answer that is given again under its key is logged again, with its code', async () => {
  const tenant = await makeTenant(app)
  const { id } = await tenant.post('/v1/api-keys', { name: 'Short', scopes: ['contacts:read'] })
  await app.call('DELETE', `/v1/api-keys/${id}`, { key: tenant.key })
  const rotate = () =>
    app.call('POST', `/v1/api-keys/${id}/rotate`, { key: tenant.key, headers: { 'idempotency-key': 'again' } })
  assert.equal((await rotate()).status, 409)
  assert.equal((await rotate()).headers['idempotency-replayed'], 'true')
  const { data } = await list(tenant, '?route=/v1/api-keys/{id}/rotate')
  assert.deepEqual(
    data.map(({ error_code }) => error_code),
    ['CONFLICT', 'CONFLICT'],
  )
  assert.equal(data[0]!.idempotency_key_hash, data[1]!.idempotency_key_hash)
})

test('the path that a request came by is told, and reading this log is not logged by either', async () => {
  const tenant = await makeTenant(app)
  for (const path of ['/api/v1/contacts', '/v1/contacts', '/api/v1/request-logs', '/v1/request-logs'])
    await tenant.get(path)
  const { data } = await list(tenant, '?method=GET')
  assert.deepEqual(
    data.map(({ route }) => route),
    ['/v1/contacts', '/api/v1/contacts'],
  )
})

test('a request of nobody known belongs to no log', async () => {
  const tenant = await makeTenant(app)
  const count = async () =>
    (await sql<{ n: number }>`select count(*)::integer as n from request_logs`.execute(app.database.system)).rows[0]!.n
  await app.deps.requestRecorder.flush()
  const before = await count()
  await app.call('GET', '/v1/contacts', {})
  await app.call('GET', '/v1/contacts', { key: `${tenant.key.slice(0, -1)}x` })
  await app.deps.requestRecorder.flush()
  assert.equal(await count(), before)
})

test('what waits when the server stops is written before it ends', async () => {
  const tenant = await makeTenant(app)
  const stop = await startBackground(app.deps)
  await app.call('GET', '/v1/contacts', { key: tenant.key, headers: { 'x-request-id': 'the-last-one' } })
  await stop()
  const row = await app.database.system
    .selectFrom('request_logs')
    .select('status')
    .where('workspace_id', '=', tenant.workspaceId)
    .where('request_id', '=', 'the-last-one')
    .executeTakeFirst()
  assert.equal(row?.status, 200)
})

test('the role of requests can read the log and nothing else', async () => {
  const { workspaceId } = await makeTenant(app)
  const db = app.database.workspace(workspaceId)
  await assert.rejects(sql`update request_logs set route = ''`.execute(db), { code: '42501' })
  await assert.rejects(sql`delete from request_logs`.execute(db), { code: '42501' })
  await assert.rejects(sql`insert into request_logs select * from request_logs`.execute(db), { code: '42501' })
})

test('no secret reaches either log, wherever it is sent', async () => {
  const tenant = await makeTenant(app)
  const { key } = tenant
  const canary = 'Kanarienvogel7f3a9c'
  const shaped = `ply_live_${canary}0123456789abcdefghij`
  const headers = {
    'x-request-id': shaped,
    'idempotency-key': canary,
    'user-agent': canary,
    cookie: `session=${canary}`,
    referer: `https://example.com/?token=${canary}`,
    'x-forwarded-for': canary,
    'x-real-ip': canary,
    origin: `https://${canary}.example.com`,
    accept: `application/json, ${canary}/json`,
    'x-custom': canary,
  }
  const webhook = { url: `http://127.0.0.1:9/${canary}?token=${canary}`, events: ['*'], description: canary }
  const made = await app.call('POST', '/v1/webhooks', { key, body: webhook, headers })
  assert.equal(made.status, 201, made.text)
  const { id, secret } = made.json<{ id: string; secret: string }>()
  const minted = await app.call('POST', '/v1/api-keys', { key, body: { name: canary, scopes: ['contacts:read'] } })
  const { id: keyId, key: newKey } = minted.json<{ id: string; key: string }>()
  const rotated = await app.call('POST', `/v1/api-keys/${keyId}/rotate`, { key })
  await app.call('PATCH', `/v1/webhooks/${id}`, { key, body: webhook, headers: { 'x-request-id': shaped } })
  await app.call('POST', '/v1/agents', { key, body: { name: canary, instructions: canary }, headers })
  await app.call('POST', '/v1/contacts', { key, body: { name: canary, unknown_field: canary }, headers })
  await app.call('POST', '/v1/contacts', { key, body: canary, headers: { 'content-type': canary } })
  await app.call('GET', `/v1/contacts?search=${canary}&api_key=${canary}`, { key, headers })
  await app.call('GET', `/v1/contacts/${canary}?token=${canary}`, { key, headers })
  await app.call('DELETE', `/v1/webhooks/${id}`, { key, headers: { 'x-request-id': shaped } })
  await app.deps.requestRecorder.flush()

  const texts: string[] = []
  for (const table of ['request_logs', 'audit_logs'])
    texts.push(
      ...(
        await sql<{ text: string }>`select t::text as text from ${sql.table(table)} t`.execute(app.database.system)
      ).rows.map(({ text }) => text),
    )
  const written = texts.join('\n')
  assert.ok(written.includes('webhook.deleted') && written.includes('/v1/contacts/{id}'))
  for (const hidden of [canary, key, newKey, secret, rotated.json<{ key: string }>().key])
    assert.ok(!written.toLowerCase().includes(hidden.toLowerCase()), `${hidden} is written in a log`)
})
