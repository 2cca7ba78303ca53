import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp, type TestRequest } from '../../../../test/app.ts'

let app: TestApp
let key: string

before(async () => {
  // It stands still: what an earlier minute weighs on a limit falls with every moment.
  const now = new Date()
  app = await openTestApp({ clock: { now: () => now } })
  key = await app.makeKey({ workspaceId: await app.makeWorkspace(), scopes: ['contacts:read'] })
})
after(() => app.close())

const failed = async (method: string, path: string, request: TestRequest = {}) => {
  const { status, headers, text } = await app.call(method, path, request)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.ok(headers['x-request-id'])
  return { status, headers, body: JSON.parse(text) }
}

test('whatever fails below /api/plugin fails with one text', async () => {
  const failures: [number, string, string, TestRequest?][] = [
    [401, 'GET', '/api/plugin/agents'],
    [400, 'GET', '/api/plugin/agents', { key, headers: { 'x-api-key': 'clf_other' } }],
    [403, 'GET', '/api/plugin/agents', { key }],
    [404, 'GET', '/api/plugin/unknown', { key }],
    [404, 'GET', '/api/plugin/%70', { key }],
    [405, 'POST', '/api/plugin/agents', { key, body: {} }],
    [400, 'GET', '/api/plugin/%ff', { key }],
  ]
  for (const [expected, method, path, request] of failures) {
    const { status, body } = await failed(method, path, request)
    assert.equal(status, expected, `${method} ${path} ${JSON.stringify(body)}`)
    assert.deepEqual(Object.keys(body), ['error'])
    assert.equal(typeof body.error, 'string')
  }
  assert.match((await failed('GET', '/api/plugin/agents', { key })).body.error, /agents:read/)
})

test('a path that only begins alike has the envelope', async () => {
  for (const path of ['/api/plugins/agents', '/api/plugin', '/v1/agents', '/api/v1/agents'])
    assert.ok((await failed('GET', path)).body.error.code, path)
})

test('plain http is sent to the public https address, whatever Host it claims', async () => {
  const { status, headers, body } = await failed('GET', '/api/plugin/agents?a=%0d%0ab', {
    from: '8.8.8.8',
    headers: { host: 'evil.example' },
  })
  assert.equal(status, 308)
  assert.equal(headers.location, 'https://parley.test/api/plugin/agents?a=%0d%0ab')
  assert.equal(typeof body.error, 'string')
  assert.equal((await failed('GET', '/v1/agents', { from: '8.8.8.8' })).status, 426)
  assert.equal((await failed('GET', '/api/plugin/nothing', { from: '8.8.8.8' })).status, 308)
})

test('too many requests are told of in the same form, with the seconds to wait', async () => {
  let last = await failed('GET', '/api/plugin/agents', { from: '127.9.9.9' })
  for (let n = 0; n < 1_300 && last.status !== 429; n++)
    last = await failed('GET', '/api/plugin/agents', { from: '127.9.9.9' })
  assert.equal(last.status, 429)
  assert.match(last.headers['retry-after'] ?? '', /^\d+$/)
  assert.deepEqual(Object.keys(last.body), ['error'])
})
