import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import type { Log } from '../base/log.ts'

const logged: unknown[] = []
const note = (...entry: unknown[]) => void logged.push(entry)
const log = new Proxy({}, { get: () => note }) as unknown as Log

let app: TestApp
let key: string
let workspaceId: string
before(async () => {
  app = await openTestApp({ log })
  workspaceId = await app.makeWorkspace()
  key = await app.makeKey({ workspaceId })
})
after(() => app.close())

const plain = 'Bearer token is missing or invalid.'
const messageOf = async (path: string, headers: Record<string, string | string[]> = {}) => {
  const response = await app.call('GET', path, { headers })
  assert.equal(response.status, 401, response.text)
  assert.ok(!response.text.includes(key))
  return response.json<{ error: { message: string } }>().error.message
}

test('a key in a URL is never read, and whoever sends one is told where it belongs', async () => {
  for (const name of ['api_key', 'token', 'access_token', 'key', 'Authorization', 'API_KEY', 'api%5fkey'])
    for (const path of [`/v1/contacts?${name}=${key}`, `/v1/contacts?limit=1&${name}=Bearer%20${key}`]) {
      const message = await messageOf(path)
      assert.ok(message.startsWith(plain) && message.includes('Authorization header'), message)
    }
  assert.equal(await messageOf(`/v1/contacts?limit=1`), plain)
  assert.equal(await messageOf(`/v1/contacts/${key}`), plain)
})

test('with a good key in the header such a parameter is only one that the endpoint does not know', async () => {
  const response = await app.call('GET', `/v1/contacts?api_key=${key}`, { key })
  assert.equal(response.status, 400)
  assert.ok(!response.text.includes(key))
})

test('what was in the URL is written down nowhere', async () => {
  await app.call('GET', `/v1/contacts?api_key=${key}`)
  await app.call('GET', `/v1/contacts?api_key=${key}`, { key })
  await app.call('GET', `/v1/nowhere?api_key=${key}`, { key })
  await app.call('GET', `/v1/contacts?api_key=${key}`, { key, headers: { 'x-api-key': 'another' } })
  await app.deps.requestRecorder.flush()
  const rows = await app.database.system.selectFrom('request_logs').selectAll().execute()
  assert.ok(rows.length > 0)
  assert.ok(!JSON.stringify(rows).includes(key))
  assert.ok(!JSON.stringify(logged).includes(key))
})

test('a header holds one credential and nothing that breaks out of it', async () => {
  const tricks = [`Bearer ${key}\tx`, `Bearer\t${key}`, `Bearer ${key},`, `Bearer "${key}"`, `Bearer ${key} , Bearer x`]
  for (const authorization of tricks) assert.equal(await messageOf('/v1/contacts', { authorization }), plain)
  for (const trick of ['ply_live_', 'plу_live_', '\u00a0', 'ｐｌｙ_'])
    assert.equal(
      await messageOf('/v1/contacts', { 'x-api-key': Buffer.from(trick + key.slice(9)).toString('latin1') }),
      plain,
    )
  const twice = await app.call('GET', '/v1/contacts', { headers: { 'x-api-key': [key, key] } })
  assert.ok([400, 401].includes(twice.status), twice.text)
  const url = new URL(await app.listen())
  const { connect } = await import('node:net')
  const answerTo = (head: string) =>
    new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(Number(url.port), url.hostname, () =>
        socket.end(`GET /v1/contacts HTTP/1.1\r\n${head}\r\n\r\n`),
      )
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('end', () => resolve(text)).on('error', reject)
    })
  for (const head of [
    `Host: x\r\nAuthorization: Bearer ${key}\u0000`,
    `Host: x\r\nAuthorization: Bearer ${key}\nX-Evil: 1\r`,
    `Host: x\r\nAuthorization : Bearer ${key}`,
    `Host: x\r\nAuthorization: Bearer\r\n ${key}`,
  ]) {
    const text = await answerTo(`${head}\r\nConnection: close`)
    assert.match(text, /^HTTP\/1\.1 40[01] /, JSON.stringify(head))
    assert.ok(!text.includes(key))
  }
})
