import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { abilities } from '../scope-catalog.ts'
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
  updateKey,
  warnOfExpiry,
} from './index.ts'

type UpdateInput = Parameters<typeof updateKey>[2]

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
const eventsOf = async (workspaceId: string) => (await recordedEvents(database, workspaceId)).map(({ type }) => type)

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
    await recordedEvents(database, ctx.workspaceId),
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
  const { workspaceId } = ctx
  const use = (at: string, calls: number) => ({
    workspaceId,
    keyId: row.id,
    countedAs: row.id,
    at: new Date(at),
    calls,
  })
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

const dayMs = 86_400_000
const inDays = (days: number) => new Date(now + days * dayMs)

test('a key changes its name, its addresses, its end and its limit, and never its scopes', async () => {
  const ctx = await makeCaller()
  const { row, key } = await createKey(ctx, input(), { keys })
  const end = inDays(30)
  const changes = { name: 'Partner', allowed_addresses: ['203.0.113.7'], expires_at: end, requests_per_minute: 60 }
  const changed = presentApiKey(ctx, await updateKey(ctx, row.id, changes))
  assert.deepEqual(changed, presentApiKey(ctx, await getKey(ctx, row.id)))
  assert.deepEqual(
    [changed.name, changed.allowed_addresses, changed.expires_at, changed.requests_per_minute, changed.scopes],
    ['Partner', ['203.0.113.7'], end.toISOString(), 60, ['contacts:read']],
  )
  assert.equal((await holderOf(key))?.allowsAddress?.('203.0.113.8'), false)
  const opened = await updateKey(ctx, row.id, { expires_at: null, requests_per_minute: null })
  assert.deepEqual([opened.expires_at, opened.requests_per_minute, opened.name], [null, null, 'Partner'])
  await updateKey(ctx, row.id, { name: 'Partner' })
  assert.deepEqual(await eventsOf(ctx.workspaceId), ['api_key.created', 'api_key.updated', 'api_key.updated'])
})

test('a change is told of and audited by the names of what changed', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(ctx, input(), { keys })
  await updateKey(ctx, row.id, { name: 'Key', allowed_addresses: ['203.0.113.7'] })
  const [event] = await recordedEvents(database, ctx.workspaceId, 'api_key.updated')
  assert.deepEqual(event?.data.changed, ['allowed_addresses'])
  const { detail } = await database.system
    .selectFrom('audit_logs')
    .select('detail')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('action', '=', 'api_key.updated')
    .executeTakeFirstOrThrow()
  assert.deepEqual(JSON.parse(detail).changed, ['allowed_addresses'])
})

test('nobody changes a key that they could not mint, and nobody wakes a dead one', async () => {
  const strong = await makeCaller()
  const { row } = await createKey(strong, input(['webhooks:write']), { keys })
  const weak = { ...makeCtx(database, strong.workspaceId, { scopes: ['api_keys:manage'] }), clock }
  await assert.rejects(updateKey(weak, row.id, { name: 'Mine' }), codeOf('FORBIDDEN'))
  await assert.rejects(updateKey(await makeCaller(['contacts:write']), row.id, {}), codeOf('FORBIDDEN'))
  await assert.rejects(updateKey(await makeCaller(), row.id, {}), codeOf('NOT_FOUND'))
  await assert.rejects(updateKey(strong, row.id, { expires_at: new Date(now) }), codeOf('UNPROCESSABLE'))
  const expired = await createKey(strong, input(['contacts:read'], new Date(now + 1)), { keys })
  now += 1
  await assert.rejects(updateKey(strong, expired.row.id, { expires_at: inDays(1) }), codeOf('CONFLICT'))
  await rotateKey(strong, { id: row.id, graceSeconds: 60 }, { keys })
  await assert.rejects(updateKey(strong, row.id, { name: 'Old' }), codeOf('CONFLICT'))
})

/** A key that manages keys from one network, for thirty days, sixty times a minute; `free` is whoever is bound to nothing. */
const makeBound = async () => {
  const free = await makeCaller()
  const bounds = { allowedAddresses: ['203.0.113.0/24'], expiresAt: inDays(30), requestsPerMinute: 60 }
  return { free, bounds, bound: { ...makeCtx(database, free.workspaceId, { bounds }), clock } }
}

const beyond: [param: string, UpdateInput][] = [
  ['allowed_addresses', { allowed_addresses: [] }],
  ['allowed_addresses', { allowed_addresses: ['203.0.113.7', '203.0.114.7'] }],
  ['allowed_addresses', { allowed_addresses: ['203.0.112.0/23'] }],
  ['allowed_addresses', { allowed_addresses: ['2001:db8::1'] }],
  ['expires_at', { expires_at: null }],
  ['expires_at', { expires_at: inDays(30.1) }],
  ['requests_per_minute', { requests_per_minute: null }],
  ['requests_per_minute', { requests_per_minute: 61 }],
]

test('a key mints none for more places, for longer or for more requests than its own', async () => {
  const { bound, bounds } = await makeBound()
  for (const [param, wanted] of beyond)
    await assert.rejects(createKey(bound, { ...input(), ...wanted }, { keys }), { code: 'FORBIDDEN', param })
  // What is left out is as with the key that mints.
  const { row, key } = await createKey(bound, input(), { keys })
  assert.deepEqual(
    [row.allowed_addresses, row.expires_at, row.requests_per_minute],
    [['203.0.113.0/24'], bounds.expiresAt, 60],
  )
  assert.deepEqual((await holderOf(key))?.bounds, bounds)
  const tighter = { allowed_addresses: ['203.0.113.7'], expires_at: inDays(29), requests_per_minute: 59 }
  const second = await createKey(bound, { ...input(), ...tighter }, { keys })
  assert.deepEqual([second.row.allowed_addresses, second.row.requests_per_minute], [['203.0.113.7'], 59])
})

test('each bound of a key holds without the others, and none of them binds a person', async () => {
  const { free, bounds } = await makeBound()
  for (const name of ['allowedAddresses', 'expiresAt', 'requestsPerMinute'] as const) {
    const ctx = { ...makeCtx(database, free.workspaceId, { bounds: { [name]: bounds[name] } }), clock }
    const refused: string[] = []
    for (const [param, wanted] of beyond)
      await createKey(ctx, { ...input(), ...wanted }, { keys }).catch(() => refused.push(param))
    const param = {
      allowedAddresses: 'allowed_addresses',
      expiresAt: 'expires_at',
      requestsPerMinute: 'requests_per_minute',
    }
    assert.deepEqual(
      refused,
      beyond.map(([of]) => of).filter((of) => of === param[name]),
    )
  }
  const person = { type: 'user', id: newId(), sessionId: newId(), scopes: new Set<string>(scopes) } as const
  for (const [, wanted] of beyond) await createKey({ ...free, actor: person }, { ...input(), ...wanted }, { keys })
})

test('a bound key widens neither itself nor another, and takes over none that is wider', async () => {
  const { free, bound } = await makeBound()
  const own = await createKey(bound, input(), { keys })
  for (const [param, wanted] of beyond)
    await assert.rejects(updateKey(bound, own.row.id, wanted), { code: 'FORBIDDEN', param })
  await updateKey(bound, own.row.id, { name: 'Mine', allowed_addresses: ['203.0.113.7'] })
  assert.equal((await rotateKey(bound, { id: own.row.id, graceSeconds: 0 }, { keys })).row.requests_per_minute, 60)
  const within = { allowed_addresses: ['203.0.113.7'], expires_at: inDays(1), requests_per_minute: 1 }
  for (const [param, wanted] of beyond) {
    const { row } = await createKey(free, { ...input(), ...within, ...wanted }, { keys })
    await assert.rejects(updateKey(bound, row.id, { name: 'Mine' }), { code: 'FORBIDDEN', param })
    await assert.rejects(updateKey(bound, row.id, within), { code: 'FORBIDDEN', param })
    await assert.rejects(rotateKey(bound, { id: row.id, graceSeconds: 0 }, { keys }), { code: 'FORBIDDEN', param })
    // Taking rights away is open to whoever manages keys.
    await revokeKey(bound, row.id)
  }
})

test('a key that was replaced mints nothing that outlives its grace', async () => {
  const ctx = await makeCaller()
  const { row, key } = await createKey(ctx, input(['api_keys:manage', 'contacts:read']), { keys })
  await rotateKey(ctx, { id: row.id, graceSeconds: 60 }, { keys })
  const { bounds, scopes: held } = (await holderOf(key))!
  const graced = { ...ctx, actor: { type: 'api_key', id: row.id, scopes: held, bounds } as const }
  assert.equal((await createKey(graced, input(), { keys })).row.expires_at?.getTime(), now + 60_000)
  await assert.rejects(createKey(graced, { ...input(), expires_at: null }, { keys }), codeOf('FORBIDDEN'))
})

test('rotation keeps addresses, limit and end', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(
    ctx,
    { ...input(['contacts:read'], inDays(30)), allowed_addresses: ['203.0.113.7'], requests_per_minute: 60 },
    { keys },
  )
  const made = await rotateKey(ctx, { id: row.id, graceSeconds: 0 }, { keys })
  assert.deepEqual(
    [made.row.allowed_addresses, made.row.requests_per_minute, made.row.expires_at, made.row.expiry_warning_at],
    [['203.0.113.7'], 60, row.expires_at, row.expiry_warning_at],
  )
})

const warningsOf = async ({ workspaceId }: { workspaceId: string }) => {
  while (await warnOfExpiry(database.system, clock.now()));
  return (await recordedEvents(database, workspaceId, 'api_key.expiring')).map(({ data }) => data.days_left)
}

test('a key tells of its end seven days before and one day before, once each', async () => {
  const ctx = await makeCaller()
  await createKey(ctx, input(['contacts:read'], inDays(10)), { keys })
  assert.deepEqual(await warningsOf(ctx), [])
  now += 3 * dayMs - 1
  assert.deepEqual(await warningsOf(ctx), [])
  now += 1
  assert.deepEqual(await warningsOf(ctx), [7])
  now += 5 * dayMs
  assert.deepEqual(await warningsOf(ctx), [7])
  now += dayMs
  assert.deepEqual(await warningsOf(ctx), [7, 1])
  now += 2 * dayMs
  assert.deepEqual(await warningsOf(ctx), [7, 1])
})

test('an end that is moved is told of anew, and one that is taken away is not', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(ctx, input(['contacts:read'], inDays(8)), { keys })
  now += dayMs
  assert.deepEqual(await warningsOf(ctx), [7])
  await updateKey(ctx, row.id, { expires_at: inDays(8) })
  assert.deepEqual(await warningsOf(ctx), [7])
  now += dayMs
  assert.deepEqual(await warningsOf(ctx), [7, 7])
  await updateKey(ctx, row.id, { expires_at: null })
  now += 6 * dayMs
  assert.deepEqual(await warningsOf(ctx), [7, 7])
})

test('a key that is minted for a few days tells of its last day alone, and after a pause of the server once', async () => {
  const ctx = await makeCaller()
  await createKey(ctx, input(['contacts:read'], inDays(3)), { keys })
  assert.deepEqual(await warningsOf(ctx), [])
  await createKey(ctx, input(['contacts:read'], inDays(9)), { keys })
  now += 6 * dayMs
  assert.deepEqual(await warningsOf(ctx), [3])
  now += 2.5 * dayMs
  assert.deepEqual(await warningsOf(ctx), [3, 1])
})

test('nothing is told of the end of a key that was revoked or replaced', async () => {
  const ctx = await makeCaller()
  const [revoked, replaced] = [
    await createKey(ctx, input(['contacts:read'], inDays(8)), { keys }),
    await createKey(ctx, input(['contacts:read'], inDays(8)), { keys }),
  ]
  await revokeKey(ctx, revoked.row.id)
  const { row } = await rotateKey(ctx, { id: replaced.row.id, graceSeconds: 604_800 }, { keys })
  now += 2 * dayMs
  assert.deepEqual(await warningsOf(ctx), [6])
  await revokeKey(ctx, row.id)
  now += 5.5 * dayMs
  assert.deepEqual(await warningsOf(ctx), [6])
})

test('of two servers that look at once, one tells', async () => {
  const ctx = await makeCaller()
  await createKey(ctx, input(['contacts:read'], inDays(8)), { keys })
  now += 2 * dayMs
  await Promise.all([1, 2, 3].map(() => warnOfExpiry(database.system, clock.now())))
  assert.deepEqual(await warningsOf(ctx), [6])
})

test('abilities stand for their scopes at the moment of minting, and reach no further than the minter', async () => {
  const ctx = await makeCaller()
  const { row } = await createKey(ctx, { name: 'Partner', abilities: ['contacts', 'tags', 'agents'] }, { keys })
  assert.deepEqual(row.scopes, ['contacts:write', 'agents:read'])
  const both = await createKey(ctx, { name: 'Both', scopes: ['chat:write'], abilities: ['chat', 'accounts'] }, { keys })
  assert.deepEqual(both.row.scopes, ['chat:write', 'accounts:read'])
  await assert.rejects(createKey(ctx, { name: 'Nothing' }, { keys }), codeOf('BAD_REQUEST'))
  const weak = await makeCaller(['api_keys:manage', 'contacts:write'])
  await createKey(weak, { name: 'Partner', abilities: ['contacts'] }, { keys })
  await assert.rejects(createKey(weak, { name: 'Beyond', abilities: ['conversations'] }, { keys }), codeOf('FORBIDDEN'))
})

test('no ability lets its holder hand out rights, and read_only changes nothing', () => {
  for (const { scopes: held } of Object.values(abilities))
    for (const scope of ['api_keys:manage', 'members:write', 'accounts:write', 'workspaces:act'] as const)
      assert.ok(!held.includes(scope))
  for (const scope of abilities.read_only.scopes) assert.match(scope, /:read$/)
})
