import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { createKeyCache } from './key-cache.ts'

let now = Date.UTC(2026, 2, 11, 11, 22)
const clock = { now: () => new Date(now) }
let app: TestApp
before(async () => {
  app = await openTestApp({ clock, settings: { trustedProxies: ['10.0.0.0/8', '::1'], allowPlainHttp: true } })
})
after(() => app.close())

const statusFrom = async (key: string, from: string, headers = {}) =>
  (await app.call('GET', '/v1/contacts', { key, from, headers })).status

test('a key works from its addresses alone, in every spelling of them', async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({
    workspaceId,
    allowedAddresses: ['203.0.113.7', '198.51.100.0/24', '2001:db8:1::/48'],
  })
  for (const from of ['203.0.113.7', '::ffff:203.0.113.7', '198.51.100.200', '2001:db8:1:2::9'])
    assert.equal(await statusFrom(key, from), 200, from)
  for (const from of ['203.0.113.8', '::ffff:203.0.113.8', '198.51.101.1', '2001:db8:2::9', '127.0.0.1', ''])
    assert.equal(await statusFrom(key, from), 403, from)
})

test('the refusal names the address that was seen, and nothing is cached of it', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace(), allowedAddresses: ['203.0.113.7'] })
  for (let round = 0; round < 2; round++) {
    const refused = await app.call('GET', '/v1/contacts', { key, from: '192.0.2.9' })
    assert.equal(refused.status, 403)
    const { error } = refused.json<{ error: { code: string; message: string; details: unknown } }>()
    assert.deepEqual([error.code, error.details], ['FORBIDDEN', { address: '192.0.2.9' }])
    assert.equal(error.message, 'This key may not be used from the address 192.0.2.9.')
    assert.equal(await statusFrom(key, '203.0.113.7'), 200)
  }
})

test('behind a trusted proxy the address is the one it vouches for, and nobody else can name one', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace(), allowedAddresses: ['203.0.113.7'] })
  const forwarded = (chain: string) => ({ 'x-forwarded-for': chain })
  assert.equal(await statusFrom(key, '10.0.0.1', forwarded('203.0.113.7')), 200)
  assert.equal(await statusFrom(key, '10.0.0.1', forwarded('192.0.2.9, 203.0.113.7, 10.0.0.2')), 200)
  assert.equal(await statusFrom(key, '10.0.0.1', forwarded('203.0.113.7, 192.0.2.9')), 403)
  assert.equal(await statusFrom(key, '192.0.2.9', forwarded('203.0.113.7')), 403)
})

test('whoever uses a stolen key from elsewhere costs its owner no request, and stands in the log', async () => {
  const workspaceId = await app.makeWorkspace()
  const manager = await app.makeKey({ workspaceId })
  const key = await app.makeKey({ workspaceId, allowedAddresses: ['203.0.113.7'] })
  const left = async () =>
    Number((await app.call('GET', '/v1/contacts', { key, from: '203.0.113.7' })).headers['x-ratelimit-remaining'])
  const before = await left()
  for (let i = 0; i < 5; i++) assert.equal(await statusFrom(key, '192.0.2.9'), 403)
  assert.equal(before - (await left()), 1)
  const { data } = (await app.call('GET', '/v1/request-logs', { key: manager })).json<{
    data: { status: number; address: string }[]
  }>()
  assert.equal(data.filter(({ status, address }) => status === 403 && address === '192.0.2.9').length, 5)
})

test('a changed key is another key at once here, and within a second everywhere', async () => {
  const workspaceId = await app.makeWorkspace()
  const manager = await app.makeKey({ workspaceId })
  const made = (
    await app.call('POST', '/v1/api-keys', { key: manager, body: { name: 'Partner', scopes: ['contacts:read'] } })
  ).json<{ id: string; key: string; allowed_addresses: string[] }>()
  assert.deepEqual(made.allowed_addresses, [])
  const elsewhere = createKeyCache({ database: app.database, keys: app.deps.keys, clock, onError: assert.ifError })
  assert.equal((await elsewhere.find(made.key))?.allowsAddress, null)
  assert.equal(await statusFrom(made.key, '192.0.2.9'), 200)
  const changed = await app.call('PATCH', `/v1/api-keys/${made.id}`, {
    key: manager,
    body: { allowed_addresses: ['::ffff:203.0.113.77/120', '203.0.113.0/24', '2001:DB8::1/128'] },
  })
  assert.equal(changed.status, 200, changed.text)
  assert.deepEqual(changed.json().allowed_addresses, ['203.0.113.0/24', '2001:db8::1'])
  assert.equal(await statusFrom(made.key, '192.0.2.9'), 403)
  assert.equal(await statusFrom(made.key, '203.0.113.9'), 200)
  now += 1_000
  assert.equal((await elsewhere.find(made.key))?.allowsAddress?.('192.0.2.9'), false)
  const open = await app.call('PATCH', `/v1/api-keys/${made.id}`, { key: manager, body: { allowed_addresses: [] } })
  assert.equal(open.status, 200)
  assert.equal(await statusFrom(made.key, '192.0.2.9'), 200)
})

test('a list of addresses holds at most fifty, and nothing else', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const mint = async (allowed_addresses: unknown) =>
    (await app.call('POST', '/v1/api-keys', { key, body: { name: 'x', scopes: ['chat:write'], allowed_addresses } }))
      .status
  const many = (count: number) => Array.from({ length: count }, (_, i) => `192.0.2.${i}`)
  assert.equal(await mint(many(50)), 201)
  for (const wrong of [many(51), ['example.com'], ['10.0.0.0/33'], ['127.1'], [''], '10.0.0.1', [1], ['::1%lo']])
    assert.equal(await mint(wrong), 400, JSON.stringify(wrong))
})
