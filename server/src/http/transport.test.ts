import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { z } from 'zod'
import { openTestApp, type TestApp, type TestAppOptions } from '../../test/app.ts'
import { openTestDatabase } from '../../test/database.ts'
import { defineEndpoint, ok } from './endpoint.ts'
import { createTransport } from './transport.ts'

const database = await openTestDatabase()
const apps: TestApp[] = []
after(async () => {
  for (const app of apps) await app.close()
  await database.close()
})

const open = defineEndpoint({
  id: 'open',
  method: 'GET',
  path: '/open',
  access: 'public',
  tag: 'Tests',
  summary: 'A test',
  responses: { 200: z.object({}) },
  handler: async () => ok({}),
})

const appWith = async (settings: TestAppOptions['settings']): Promise<TestApp> => {
  const app = await openTestApp({ database, endpoints: [open], settings: { ...settings } })
  apps.push(app)
  return app
}

const proto = (value: string) => ({ headers: { 'x-forwarded-proto': value } })

test('plain http is refused from anywhere but this machine', async () => {
  const app = await appWith({})
  const status = async (from: string, request = {}) => (await app.call('GET', '/open', { from, ...request })).status
  for (const from of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) assert.equal(await status(from), 200, from)
  for (const from of ['8.8.8.8', '10.0.0.1', '::ffff:8.8.8.8', '2001:db8::1', 'fe80::1'])
    assert.equal(await status(from), 426, from)
  assert.equal(await status('8.8.8.8', proto('https')), 426, 'who is not trusted can claim nothing')
  const refused = await app.call('GET', '/open', { from: '8.8.8.8' })
  assert.equal(refused.json<{ error: { code: string } }>().error.code, 'UPGRADE_REQUIRED')
  assert.match(refused.headers['x-ratelimit-limit'] ?? '', /^\d+$/)
  assert.deepEqual([refused.headers.connection, refused.headers.upgrade], ['upgrade', 'TLS/1.2, HTTP/1.1'])
  assert.equal((await app.call('GET', '/nothing', { from: '8.8.8.8' })).status, 426, 'what is not there either')
})

test('a client over a real connection reads the refusal of plain http', async () => {
  const app = await appWith({ trustedProxies: ['127.0.0.1'] })
  const base = await app.listen()
  for (const method of ['GET', 'POST']) {
    const response = await fetch(`${base}/open`, { method, headers: { 'x-forwarded-proto': 'http' } })
    const { error } = (await response.json()) as { error: { code: string } }
    assert.deepEqual([response.status, error.code], [426, 'UPGRADE_REQUIRED'])
  }
})

test('a trusted proxy vouches for https, and gives away plain http', async () => {
  const app = await appWith({ trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '127.0.0.1'] })
  const status = async (from: string, request = {}) => (await app.call('GET', '/open', { from, ...request })).status
  for (const from of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::7', '127.0.0.1']) {
    assert.equal(await status(from, proto('https')), 200, from)
    assert.equal(await status(from, proto('HTTPS, http')), 200, from)
    for (const claimed of ['http', 'http, https', 'ws', '', 'httpsx'])
      assert.equal(await status(from, proto(claimed)), 426, `${from} ${claimed}`)
  }
  assert.equal(await status('10.1.2.3'), 426)
  assert.equal(await status('127.0.0.1'), 200)
  assert.equal(await status('11.0.0.1', proto('https')), 426)
})

test('plain http can be allowed', async () => {
  const app = await appWith({ allowPlainHttp: true })
  assert.equal((await app.call('GET', '/open', { from: '8.8.8.8' })).status, 200)
})

test('anonymous callers behind a trusted proxy are counted apart, and nobody can pose as another', async () => {
  const app = await appWith({ trustedProxies: ['10.0.0.0/8'] })
  const left = async (from: string, chain: string) =>
    Number(
      (await app.call('GET', '/open', { from, headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': chain } }))
        .headers['x-ratelimit-remaining'],
    )
  assert.deepEqual([await left('10.0.0.1', '5.5.5.5'), await left('10.0.0.1', '5.5.5.5')], [11_999, 11_998])
  assert.equal(await left('10.0.0.1', '6.6.6.6'), 11_999)
  // What stands left of the first stranger was written by that stranger.
  assert.equal(await left('10.0.0.1', '9.9.9.9, 6.6.6.6'), 11_998)
  assert.equal(await left('10.0.0.1', '6.6.6.6, 10.0.0.9'), 11_997)
})

test('a proxy that is no address stops the start', () => {
  for (const entry of ['proxy.internal', '10.0.0.0/99', '10.0.0.0/x', ''])
    assert.throws(() => createTransport({ allowPlainHttp: false, trustedProxies: [entry] }))
})
