import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { AppError } from '../../base/errors.ts'
import { type Scope, scopes } from '../scopes.ts'
import {
  createKey,
  createKeyFormat,
  findKey,
  getKey,
  listKeys,
  noteKeyUses,
  presentApiKey,
  revokeKey,
  rotateKey,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const keys = createKeyFormat({ brand: 'ply', pepper: Buffer.alloc(32, 1) })
let now = Date.UTC(2026, 2, 11)
const clock = { now: () => new Date(now) }

const makeCaller = async (held?: readonly Scope[]) => ({
  ...makeCtx(database, await makeWorkspace(database), held ? { scopes: held } : {}),
  clock,
})
const holderOf = (key: string) => findKey(database.system, keys.hash(key), clock.now())
const codeOf = (code: string) => (error: unknown) => error instanceof AppError && error.code === code
const input = (wanted: Scope[] = ['contacts:read'], expires_at?: Date) => ({
  name: 'Key',
  scopes: wanted,
  ...(expires_at ? { expires_at } : {}),
})
const eventsOf = async (workspaceId: string) =>
  (
    await database.system
      .selectFrom('event_outbox')
      .select('type')
      .where('workspace_id', '=', workspaceId)
      .orderBy('id')
      .execute()
  ).map(({ type }) => type)

test('a key has its shape, and a slip in copying is seen without a look-up', () => {
  const key = keys.create('live')
  assert.match(key, /^ply_live_[0-9A-Za-z]{36}$/)
  assert.match(keys.create('sandbox'), /^ply_test_[0-9A-Za-z]{36}$/)
  assert.ok(keys.isWellFormed(key))
  for (let i = 0; i < key.length; i++) {
    const slipped = `${key.slice(0, i)}${key[i] === 'x' ? 'y' : 'x'}${key.slice(i + 1)}`
    assert.equal(keys.isWellFormed(slipped), false, slipped)
  }
  for (const bad of [
    '',
    'ply_live_',
    `${key} `,
    ` ${key}`,
    `${key}\n`,
    key.toLowerCase(),
    key.replace('ply', 'kl'),
    key.replace('a', 'а'),
    key.repeat(2),
  ])
    if (bad !== key) assert.equal(keys.isWellFormed(bad), false, bad)
  assert.ok(!key.includes(keys.display(key)) && key.startsWith(keys.display(key).slice(0, -1)))
  assert.ok(keys.display(key).length < 16)
})

test('no two keys are alike, and another pepper gives another hash', () => {
  assert.equal(new Set(Array.from({ length: 1_000 }, () => keys.create('live'))).size, 1_000)
  const key = keys.create('live')
  assert.notDeepEqual(keys.hash(key), createKeyFormat({ brand: 'ply', pepper: Buffer.alloc(32, 2) }).hash(key))
})

test('a minted key is found by its hash alone; no table and no event holds it', async () => {
  const ctx = await makeCaller()
  const { row, key } = await createKey(ctx, input(['contacts:write', 'contacts:write']), { keys })
  assert.deepEqual([...(await holderOf(key))!.scopes], ['contacts:write'])
  const everything = JSON.stringify([
    await database.system.selectFrom('api_keys').selectAll().where('id', '=', row.id).execute(),
    await database.system.selectFrom('event_outbox').selectAll().where('workspace_id', '=', ctx.workspaceId).execute(),
  ])
  assert.ok(!everything.includes(key) && !everything.includes(key.slice(12)))
  assert.deepEqual(await eventsOf(ctx.workspaceId), ['api_key.created'])
})

test('a key mints nothing beyond its own scopes, and write gives read', async () => {
  const ctx = await makeCaller(['api_keys:manage', 'contacts:write'])
  await createKey(ctx, input(['contacts:read', 'contacts:write', 'api_keys:manage']), { keys })
  for (const beyond of scopes.filter(
    (scope) => !['api_keys:manage', 'contacts:write', 'contacts:read'].includes(scope),
  ))
    await assert.rejects(
      createKey(ctx, input(['contacts:read', beyond]), { keys }),
      (error) => codeOf('FORBIDDEN')(error) && (error as AppError).message.includes(beyond),
    )
  await assert.rejects(createKey(await makeCaller(['contacts:write']), input(), { keys }), codeOf('FORBIDDEN'))
})

test('a weaker manager cannot take over a stronger key by rotating it', async () => {
  const strong = await makeCaller()
  const { row } = await createKey(strong, input(['webhooks:write']), { keys })
  const weak = { ...makeCtx(database, strong.workspaceId, { scopes: ['api_keys:manage'] }), clock }
  await assert.rejects(rotateKey(weak, { id: row.id, graceSeconds: 0 }, { keys }), codeOf('FORBIDDEN'))
})

test('rotation without grace ends the old key at that moment', async () => {
  const ctx = await makeCaller()
  const { row, key } = await createKey(ctx, input(), { keys })
  const made = await rotateKey(ctx, { id: row.id, graceSeconds: 0 }, { keys })
  assert.equal(await holderOf(key), undefined)
  assert.equal((await holderOf(made.key))?.keyId, made.row.id)
  assert.deepEqual(presentApiKey(ctx, await getKey(ctx, row.id)).status, 'revoked')
  assert.deepEqual(made.oldHash, keys.hash(key))
  await assert.rejects(rotateKey(ctx, { id: row.id, graceSeconds: 0 }, { keys }), codeOf('CONFLICT'))
  assert.deepEqual(await eventsOf(ctx.workspaceId), ['api_key.created', 'api_key.created', 'api_key.revoked'])
})

test('rotation with grace keeps the old key until its end, or until it is revoked', async () => {
  const ctx = await makeCaller()
  const old = await createKey(ctx, input(), { keys })
  await rotateKey(ctx, { id: old.row.id, graceSeconds: 60 }, { keys })
  assert.equal(presentApiKey(ctx, await getKey(ctx, old.row.id)).status, 'rotating')
  now += 59_000
  assert.ok(await holderOf(old.key))
  now += 1_000
  assert.equal(await holderOf(old.key), undefined)
  const second = await createKey(ctx, input(), { keys })
  await rotateKey(ctx, { id: second.row.id, graceSeconds: 60 }, { keys })
  await revokeKey(ctx, second.row.id)
  assert.equal(await holderOf(second.key), undefined)
})

test('of two rotations at once one wins', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(ctx, input(), { keys })
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(() => rotateKey(ctx, { id: row.id, graceSeconds: 0 }, { keys })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await listKeys(ctx, { limit: 10, after: null })).rows.length, 2)
})

test('revoking twice is one revocation, and a dead key stays in the list', async () => {
  const ctx = await makeCaller()
  const { row, key } = await createKey(ctx, input(), { keys })
  await revokeKey(ctx, row.id)
  await revokeKey(ctx, row.id)
  assert.equal(await holderOf(key), undefined)
  assert.deepEqual(
    (await listKeys(ctx, { limit: 10, after: null })).rows.map(({ id }) => id),
    [row.id],
  )
  assert.deepEqual(await eventsOf(ctx.workspaceId), ['api_key.created', 'api_key.revoked'])
})

test('a key expires on its moment and cannot be minted in the past', async () => {
  const ctx = await makeCaller()
  const { key } = await createKey(ctx, input(['contacts:read'], new Date(now + 1_000)), { keys })
  assert.ok(await holderOf(key))
  now += 1_000
  assert.equal(await holderOf(key), undefined)
  await assert.rejects(createKey(ctx, input(['contacts:read'], new Date(now)), { keys }), codeOf('UNPROCESSABLE'))
})

test('uses are added up by month, and a key is never last used earlier than it was', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(ctx, input(), { keys })
  const use = (at: string, calls: number) => ({ workspaceId: ctx.workspaceId, keyId: row.id, at: new Date(at), calls })
  await noteKeyUses(database.system, [use('2026-03-31T23:59:59.999Z', 3)])
  await noteKeyUses(database.system, [use('2026-04-01T00:00:00.000Z', 2)])
  await noteKeyUses(database.system, [use('2026-03-15T00:00:00.000Z', 1)])
  const months = await database.system
    .selectFrom('api_key_calls')
    .select('calls')
    .where('key_id', '=', row.id)
    .orderBy('month')
    .execute()
  assert.deepEqual(
    months.map(({ calls }) => Number(calls)),
    [4, 2],
  )
  assert.equal((await getKey(ctx, row.id)).last_used_at?.toISOString(), '2026-04-01T00:00:00.000Z')
})
