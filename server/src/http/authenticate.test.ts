import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { AppError } from '../base/errors.ts'
import { credentialOf } from './authenticate.ts'
import { createKeyCache } from './key-cache.ts'

let now = Date.UTC(2026, 2, 11, 11, 22)
const clock = { now: () => new Date(now) }
let app: TestApp
before(async () => {
  app = await openTestApp({ clock })
})
after(() => app.close())

test('either header carries a key, in either case, and both may if they agree', () => {
  assert.equal(credentialOf({ authorization: 'Bearer k1' }), 'k1')
  assert.equal(credentialOf({ authorization: 'bearer   k1 ' }), 'k1')
  assert.equal(credentialOf({ 'x-api-key': 'k1' }), 'k1')
  assert.equal(credentialOf({ authorization: 'Bearer k1', 'x-api-key': 'k1' }), 'k1')
  assert.equal(credentialOf({}), undefined)
  const codeOf = (headers: Parameters<typeof credentialOf>[0]) => {
    try {
      credentialOf(headers)
    } catch (error) {
      return error instanceof AppError ? error.code : error
    }
  }
  assert.equal(codeOf({ authorization: 'Bearer k1', 'x-api-key': 'k2' }), 'BAD_REQUEST')
  for (const twice of ['Bearer k1, Bearer k2', 'bearer k1, Bearer k1', 'Bearer k1, Basic k1'])
    assert.equal(codeOf({ authorization: twice }), 'BAD_REQUEST', twice)
  assert.equal(codeOf({ 'x-api-key': 'k1, k2' }), 'BAD_REQUEST')
  for (const authorization of ['k1', 'Basic k1', 'Bearer', 'Bearer ', 'Bearer k1 k2', 'Token k1', ''])
    assert.equal(codeOf({ authorization }), 'UNAUTHORIZED', authorization)
})

/** A second server process on the same database: a key cache of its own. */
const otherProcess = () =>
  createKeyCache({ database: app.database, keys: app.deps.keys, clock, onError: assert.ifError })

test('a revoked key dies at once here, and within a second everywhere', async () => {
  const workspaceId = await app.makeWorkspace()
  const [manager, victim] = [
    await app.makeKey({ workspaceId }),
    await app.makeKey({ workspaceId, scopes: ['contacts:read'] }),
  ]
  const elsewhere = otherProcess()
  assert.ok(await elsewhere.find(victim))
  assert.equal((await app.call('GET', '/v1/contacts', { key: victim })).status, 200)
  const { data } = (await app.call('GET', '/v1/api-keys', { key: manager })).json<{
    data: { id: string; scopes: string[] }[]
  }>()
  const { id } = data.find(({ scopes }) => scopes.length === 1)!
  assert.equal((await app.call('DELETE', `/v1/api-keys/${id}`, { key: manager })).status, 204)
  assert.equal((await app.call('GET', '/v1/contacts', { key: victim })).status, 401)
  now += 1_000
  assert.equal(await elsewhere.find(victim), undefined)
})

test('a look-up that was under way while its key was revoked does not bring it back', async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  const { keyCache, keys, database } = app.deps
  const underWay = keyCache.find(key)
  await database.system
    .updateTable('api_keys')
    .set({ revoked_at: clock.now() })
    .where('workspace_id', '=', workspaceId)
    .execute()
  keyCache.forget(keys.hash(key))
  await underWay
  assert.equal(await keyCache.find(key), undefined)
})

test('a key expires on its moment, also while it is cached', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace(), expiresAt: new Date(now + 500) })
  assert.equal((await app.call('GET', '/v1/contacts', { key })).status, 200)
  now += 500
  assert.equal((await app.call('GET', '/v1/contacts', { key })).status, 401)
})

test('no key of a suspended workspace works', async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  await app.database.system
    .updateTable('workspaces')
    .set({ status: 'suspended' })
    .where('id', '=', workspaceId)
    .execute()
  assert.equal((await app.call('GET', '/v1/contacts', { key })).status, 403)
})

test('calls are counted by month, and uses that could not be written are written later', async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  let failing = true
  const database = new Proxy(app.database, {
    get: (target, name, receiver) => {
      if (name === 'system' && failing && armed) throw new Error('the database is away')
      return Reflect.get(target, name, receiver)
    },
  })
  let armed = false
  const errors: unknown[] = []
  const cache = createKeyCache({ database, keys: app.deps.keys, clock, onError: (error) => errors.push(error) })
  for (let i = 0; i < 5; i++) await cache.count((await cache.find(key))!)
  await cache.flush()
  for (let i = 0; i < 5; i++) await cache.count((await cache.find(key))!)
  armed = true
  await assert.rejects(cache.flush())
  failing = false
  await cache.flush()
  // The first use of a key is written on its own, without anybody waiting for it.
  const calls = async () =>
    (
      await app.database.system
        .selectFrom('api_key_calls')
        .select('calls')
        .where('workspace_id', '=', workspaceId)
        .execute()
    ).map((row) => Number(row.calls))
  for (let tries = 0; tries < 1_000 && (await calls())[0] !== 10; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(await calls(), [10])
})
