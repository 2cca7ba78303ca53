import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { endpoints } from '../../endpoints.ts'

let app: TestApp
let key: string

before(async () => {
  app = await openTestApp()
  key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
})
after(() => app.close())

const canonical = endpoints.filter(({ path }) => path.startsWith('/v1/'))

test('every endpoint under /v1 is reached under /api/v1 too', async () => {
  for (const { method, path, access } of canonical) {
    const answers = await Promise.all([path, `/api${path}`].map((one) => app.call(method, one)))
    assert.equal(answers[1]!.status, answers[0]!.status, `${method} /api${path}`)
    if (access !== 'public') assert.equal(answers[1]!.status, 401, `${method} /api${path}`)
  }
})

test('what is written under one path is read under the other, and methods are refused alike', async () => {
  const made = await app.call('POST', '/api/v1/contacts', { key, body: { name: 'Alex Johnson' } })
  assert.equal(made.status, 201)
  const read = await app.call('GET', `/v1/contacts/${made.json().id}`, { key })
  assert.deepEqual(read.json(), made.json())
  assert.deepEqual((await app.call('GET', '/api/v1/contacts', { key })).json().data, [made.json()])
  const refused = await app.call('PUT', '/api/v1/contacts', { key })
  assert.equal(refused.status, 405)
  assert.equal(refused.headers.allow, 'GET, HEAD, POST, OPTIONS')
})

test('only /v1 has a second door', async () => {
  for (const path of ['/api/docs', '/api/openapi.json', '/api/healthz', '/api/v1', '/api/v2/contacts'])
    assert.equal((await app.call('GET', path, { key })).status, 404, path)
})
