import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { makeCtx } from '../../test/make.ts'
import { recordedEvents } from '../../test/recorded-events.ts'
import { rotateKey } from '../domain/api-keys/index.ts'
import type { KeyCache } from './deps.ts'
import { createKeyCache } from './key-cache.ts'

let now = Date.UTC(2026, 2, 11, 11, 22)
const clock = { now: () => new Date(now) }
let app: TestApp
before(async () => {
  app = await openTestApp({ clock })
})
after(() => app.close())

// What their keys may call a month, so that the tests say what they prove.
const callsOf = { free: 10, starter: 100, pro: 1_000 } as const

const putOn = (workspaceId: string, plan: keyof typeof callsOf) =>
  app.database.system.updateTable('workspaces').set({ plan_id: plan }).where('id', '=', workspaceId).execute()

const makeKey = async (plan: keyof typeof callsOf, mode: 'live' | 'sandbox' = 'live') => {
  const workspaceId = await app.makeWorkspace(mode)
  await putOn(workspaceId, plan)
  return { workspaceId, key: await app.makeKey({ workspaceId, mode }) }
}

/** A server process on the same database: a key cache of its own. */
const startProcess = (): KeyCache =>
  createKeyCache({ database: app.database, keys: app.deps.keys, clock, onError: assert.ifError })

const callWith = async (process: KeyCache, key: string): Promise<boolean> => {
  const holder = (await process.find(key))!
  return process.count(holder).then(
    () => true,
    () => false,
  )
}

const admitted = async (calls: Promise<boolean>[]): Promise<number> =>
  (await Promise.all(calls)).filter((allowed) => allowed).length

const storedCalls = async (workspaceId: string): Promise<number[]> =>
  (
    await app.database.system
      .selectFrom('api_key_calls')
      .select('calls')
      .where('workspace_id', '=', workspaceId)
      .orderBy('month')
      .execute()
  ).map(({ calls }) => Number(calls))

test('the plans allow what these tests say', async () => {
  for (const [plan, calls] of Object.entries(callsOf)) {
    const { key } = await makeKey(plan as keyof typeof callsOf)
    assert.equal((await startProcess().find(key))?.keyCallsPerMonth, calls)
  }
})

test('a key of a plan with ten calls makes ten a month, and is told when it may call again', async () => {
  const { workspaceId, key } = await makeKey('free')
  for (let i = 0; i < 10; i++) assert.equal((await app.call('GET', '/v1/contacts', { key })).status, 200)
  const refused = await app.call('GET', '/v1/contacts', { key })
  assert.equal(refused.status, 429)
  const monthEnd = Date.UTC(2026, 3, 1)
  assert.equal(refused.headers['retry-after'], String((monthEnd - now) / 1_000))
  const { error } = refused.json<{ error: { code: string; details: Record<string, unknown> } }>()
  assert.equal(error.code, 'RATE_LIMIT_EXCEEDED')
  assert.deepEqual(error.details, {
    plan: 'free',
    plan_limit: 'key_calls_per_month',
    limit: 10,
    used: 10,
    resets_at: new Date(monthEnd).toISOString(),
  })
  assert.deepEqual(await storedCalls(workspaceId), [10])
})

test('another key of the same workspace has a count of its own, and a new month begins anew', async () => {
  const { workspaceId, key } = await makeKey('free')
  const second = await app.makeKey({ workspaceId, mode: 'live' })
  const process = startProcess()
  const twelve = (used: string) => admitted(Array.from({ length: 12 }, () => callWith(process, used)))
  assert.deepEqual([await twelve(key), await twelve(second)], [10, 10])
  const before = now
  now = Date.UTC(2026, 3, 1)
  assert.equal(await twelve(key), 10)
  now = before
})

test('twelve hundred calls at once in two processes get the quota to the last one, and no more', async () => {
  for (const [plan, limit] of Object.entries(callsOf)) {
    const { workspaceId, key } = await makeKey(plan as keyof typeof callsOf)
    const processes = [startProcess(), startProcess()]
    const during = await admitted(Array.from({ length: 1_200 }, (_, i) => callWith(processes[i % 2]!, key)))
    assert.ok(during <= limit && during >= limit * 0.98, `${during} of ${limit}`)
    for (const process of processes) await process.flush()
    assert.deepEqual(await storedCalls(workspaceId), [during])
    now += 1_000
    assert.equal(during + (await admitted(Array.from({ length: 50 }, () => callWith(processes[0]!, key)))), limit)
  }
})

test('what was leased and not used goes back; a killed process keeps less than a hundredth', async () => {
  const { workspaceId, key } = await makeKey('pro')
  const [first, killed] = [startProcess(), startProcess()]
  // The first use of a key is written at once, and everything else with it.
  for (const process of [first, killed]) {
    assert.ok(await callWith(process, key))
    await process.flush()
  }
  assert.deepEqual(await storedCalls(workspaceId), [2])
  assert.ok(await callWith(first, key))
  assert.deepEqual(await storedCalls(workspaceId), [12])
  await first.flush()
  assert.deepEqual(await storedCalls(workspaceId), [3])
  assert.ok(await callWith(killed, key))
  assert.equal(await admitted(Array.from({ length: 1_500 }, () => callWith(first, key))), 1_000 - 3 - 10)
})

test('calls at the same moment that know different quotas are answered, and counted once each', async () => {
  const { workspaceId, key } = await makeKey('starter')
  const process = startProcess()
  const holder = (await process.find(key))!
  const quotas = [100, 1_000, 100, 1_000]
  await Promise.all(quotas.map((keyCallsPerMonth) => process.count({ ...holder, keyCallsPerMonth })))
  await process.flush()
  assert.deepEqual(await storedCalls(workspaceId), [4])
})

test('calls without a quota are counted too, and not twice once the plan has one', async () => {
  const workspaceId = await app.makeWorkspace('live')
  const key = await app.makeKey({ workspaceId, mode: 'live' })
  const process = startProcess()
  for (let i = 0; i < 4; i++) assert.ok(await callWith(process, key))
  await putOn(workspaceId, 'free')
  await process.flush()
  now += 1_000
  for (let i = 0; i < 6; i++) assert.ok(await callWith(process, key))
  assert.equal(await callWith(process, key), false)
  await process.flush()
  assert.deepEqual(await storedCalls(workspaceId), [10])
})

/** Replaces a key, as its caller asks by API; the calls of that are not counted here. */
const rotate = async (workspaceId: string, key: string, graceSeconds: number): Promise<string> => {
  const ctx = { ...makeCtx(app.database, workspaceId, { mode: 'live' }), clock }
  const { keyId } = (await startProcess().find(key))!
  return (await rotateKey(ctx, { id: keyId, graceSeconds }, app.deps)).key
}

test('a key that replaces another goes on with its month, however often, and another month is new to both', async () => {
  const { workspaceId, key } = await makeKey('free')
  const process = startProcess()
  for (let i = 0; i < 4; i++) assert.ok(await callWith(process, key))
  const second = await rotate(workspaceId, key, 0)
  for (let i = 0; i < 3; i++) assert.ok(await callWith(process, second))
  const third = await rotate(workspaceId, second, 0)
  const six = () => admitted(Array.from({ length: 6 }, () => callWith(process, third)))
  assert.equal(await six(), 3)
  await process.flush()
  assert.deepEqual(await storedCalls(workspaceId), [10])
  const before = now
  now = Date.UTC(2026, 3, 1)
  assert.equal(await six(), 6)
  now = before
})

test('a key and its successor share one month while both are good, in two processes to the last call', async () => {
  for (const plan of ['starter', 'pro'] as const) {
    const { workspaceId, key } = await makeKey(plan)
    const processes = [startProcess(), startProcess()]
    const used = callsOf[plan] * 0.6
    const early = Array.from({ length: used }, (_, i) => callWith(processes[i % 2]!, key))
    assert.equal(await admitted(early), used)
    const next = await rotate(workspaceId, key, 3_600)
    const calls = Array.from({ length: callsOf[plan] }, (_, i) => callWith(processes[i % 2]!, i % 4 < 2 ? key : next))
    const during = used + (await admitted(calls))
    assert.ok(during <= callsOf[plan] && during >= callsOf[plan] * 0.98, `${during} of ${callsOf[plan]}`)
    for (const process of processes) await process.flush()
    assert.deepEqual(await storedCalls(workspaceId), [during])
    now += 1_000
    const last = Array.from({ length: 50 }, (_, i) => callWith(processes[0]!, i % 2 === 0 ? key : next))
    assert.equal(during + (await admitted(last)), callsOf[plan])
  }
})

test('what a rotated key gives back makes nobody look used', async () => {
  const { workspaceId, key } = await makeKey('pro')
  const process = startProcess()
  assert.ok(await callWith(process, key))
  await process.flush()
  const next = await rotate(workspaceId, key, 3_600)
  const began = now
  now += 60_000
  assert.ok(await callWith(process, next))
  await process.flush()
  const rows = await app.database.system
    .selectFrom('api_keys')
    .select('last_used_at')
    .where('workspace_id', '=', workspaceId)
    .orderBy('id')
    .execute()
  assert.deepEqual(
    rows.map(({ last_used_at: at }) => at?.getTime()),
    [began, now],
  )
  assert.deepEqual(await storedCalls(workspaceId), [2])
  now = began
})

test('a rotated key tells what its predecessors have used, and shares their minute', async () => {
  const workspaceId = await app.makeWorkspace('live')
  const manager = await app.makeKey({ workspaceId, mode: 'live' })
  const body = { name: 'Slow', scopes: ['accounts:read'], requests_per_minute: 4 }
  const made = (await app.call('POST', '/v1/api-keys', { key: manager, body })).json<{ id: string; key: string }>()
  for (let i = 0; i < 2; i++)
    assert.equal((await app.call('GET', '/v1/api-keys/validate', { key: made.key })).status, 200)
  const path = `/v1/api-keys/${made.id}/rotate`
  const rotated = await app.call('POST', path, { key: manager, body: { grace_seconds: 60 } })
  const { key } = rotated.json<{ key: string }>()
  const validity = await app.call('GET', '/v1/api-keys/validate', { key })
  assert.equal(validity.json<{ usage: number }>().usage, 3)
  await app.deps.keyCache.flush()
  const { limits } = (await app.call('GET', '/v1/usage', { key })).json<{ limits: { name: string; used: number }[] }>()
  assert.ok(limits.find(({ name }) => name === 'key_calls_per_month')!.used >= 3)
  for (const either of [key, made.key]) assert.equal((await app.call('GET', '/v1/usage', { key: either })).status, 429)
})

test('a key that is checked learns the calls of this very moment, in both spellings', async () => {
  const { key } = await makeKey('pro')
  const usage = async (path: string) => (await app.call('GET', path, { key })).json<{ usage: number; limit: number }>()
  assert.deepEqual((await usage('/v1/api-keys/validate')).usage, 1)
  await app.call('GET', '/v1/contacts', { key })
  const { usage: used, limit } = await usage('/api/keys?action=validate')
  assert.deepEqual([used, limit], [3, 1_000])
})

test('a sandbox key is counted and never held to a month', async () => {
  const { workspaceId, key } = await makeKey('free', 'sandbox')
  for (let i = 0; i < 15; i++) assert.equal((await app.call('GET', '/v1/contacts', { key })).status, 200)
  const { usage, limit } = (await app.call('GET', '/v1/api-keys/validate', { key })).json<Record<string, unknown>>()
  assert.deepEqual([usage, limit], [16, null])
  assert.deepEqual(await storedCalls(workspaceId), [16])
})

test('the workspace is told once that the month of a key is used up', async () => {
  const { workspaceId, key } = await makeKey('free')
  const elsewhere = startProcess()
  for (let i = 0; i < 13; i++) await app.call('GET', '/v1/contacts', { key })
  for (let i = 0; i < 3; i++) await callWith(elsewhere, key)
  const events = () => recordedEvents(app.database, workspaceId, 'usage.limit_reached')
  for (let tries = 0; tries < 1_000 && (await events()).length === 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  const [event, ...more] = await events()
  assert.equal(more.length, 0)
  assert.match(event!.tail, /"limit":"key_calls_per_month","used":10,"limit_value":10/)
})

test('no key of its own limit may send more, and its workspace has the rest', async () => {
  const workspaceId = await app.makeWorkspace()
  const manager = await app.makeKey({ workspaceId })
  const made = await app.call('POST', '/v1/api-keys', {
    key: manager,
    body: { name: 'Slow', scopes: ['contacts:read', 'api_keys:manage'], requests_per_minute: 3 },
  })
  const { key, requests_per_minute } = made.json<{ key: string; requests_per_minute: number }>()
  assert.deepEqual([made.status, requests_per_minute], [201, 3])
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await app.call('GET', '/v1/contacts', { key }))
  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]),
    [
      [200, '3', '2'],
      [200, '3', '1'],
      [200, '3', '0'],
      [429, '3', '0'],
    ],
  )
  assert.equal((await app.call('GET', '/v1/contacts', { key: manager })).status, 200)
  const { id } = made.json<{ id: string }>()
  const rotated = await app.call('POST', `/v1/api-keys/${id}/rotate`, { key: manager, body: {} })
  assert.equal(rotated.json<{ requests_per_minute: number }>().requests_per_minute, 3)
})

test('what binds a key to places, an end and a minute binds what it mints by API, its own rotation and its own change', async () => {
  const workspaceId = await app.makeWorkspace()
  const manager = await app.makeKey({ workspaceId })
  const end = new Date(now + 86_400_000).toISOString()
  const bounds = { allowed_addresses: ['127.0.0.0/8'], expires_at: end, requests_per_minute: 50 }
  type Made = typeof bounds & { id: string; key: string }
  const made = await app.call('POST', '/v1/api-keys', {
    key: manager,
    body: { name: 'Partner', scopes: ['api_keys:manage', 'contacts:read'], ...bounds },
  })
  const { id, key } = made.json<Made>()
  const body = { name: 'More', scopes: ['contacts:read'] }
  const minted = (await app.call('POST', '/v1/api-keys', { key, body })).json<Made>()
  assert.deepEqual([minted.allowed_addresses, minted.expires_at, minted.requests_per_minute], Object.values(bounds))
  const wider = { allowed_addresses: [], expires_at: null, requests_per_minute: 51 }
  for (const [param, value] of Object.entries(wider))
    for (const [method, path, more] of [
      ['POST', '/v1/api-keys', body],
      ['PATCH', `/v1/api-keys/${id}`, {}],
      ['PATCH', `/v1/api-keys/${minted.id}`, {}],
    ] as const) {
      const refused = await app.call(method, path, { key, body: { ...more, [param]: value } })
      assert.deepEqual([refused.status, refused.json<{ error: { param: string } }>().error.param], [403, param])
    }
  const own = (await app.call('POST', `/v1/api-keys/${id}/rotate`, { key, body: {} })).json<Made>()
  assert.deepEqual([own.allowed_addresses, own.expires_at, own.requests_per_minute], Object.values(bounds))
})
