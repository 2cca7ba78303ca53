import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import type { Usage } from '../../domain/plans/index.ts'
import { klairoDoors } from '../dialects/klairo/doors.ts'
import { agentEndpoints } from './agents.ts'
import { chatEndpoints } from './chat.ts'
import { planEndpoints } from './plans.ts'
import { webhookEndpoints } from './webhooks.ts'

const start = new Date('2026-03-11T23:00:00Z')
let now = start
let app: TestApp

before(async () => {
  app = await openTestApp({
    clock: { now: () => now },
    endpoints: [
      ...agentEndpoints,
      ...chatEndpoints,
      ...klairoDoors(chatEndpoints),
      ...planEndpoints,
      ...webhookEndpoints,
    ],
  })
  // Ten questions a day and any number of requests, so that the one limit is met without the other.
  await app.database.system.transaction().execute(async (tx) => {
    await sql`set local role none`.execute(tx)
    await sql`insert into plans (id, label, requests_per_minute, chat_messages_per_day, key_calls_per_month, webhooks_max,
      automations_max, analytics, retention_days) values ('ten', 'Ten', null, 10, null, 1, null, false, 30)`.execute(tx)
  })
})
after(() => app.close())

type Failed = { error: { code: string; message: string; retry_after?: number; details?: Record<string, unknown> } }
type UsageBody = (typeof Usage)['_output']

const makeCaller = async (planId = 'ten') => {
  now = start
  const workspaceId = await app.makeWorkspace()
  await app.database.system.updateTable('workspaces').set({ plan_id: planId }).where('id', '=', workspaceId).execute()
  const key = await app.makeKey({ workspaceId })
  const call = (method: string, path: string, body?: unknown, headers = {}) =>
    app.call(method, path, { key, headers, ...(body === undefined ? {} : { body }) })
  assert.equal((await call('POST', '/v1/agents', { name: 'Support', is_default: true })).status, 201)
  const ask = (headers = {}, path = '/v1/chat') => call('POST', path, { message: 'When do you open?' }, headers)
  const usage = async () => (await call('GET', '/v1/usage')).json<UsageBody>()
  const limit = async (name: string) => (await usage()).limits.find((found) => found.name === name)
  const count = async (table: 'messages' | 'conversations') =>
    (await app.database.system.selectFrom(table).select('id').where('workspace_id', '=', workspaceId).execute()).length
  const told = async () => (await recordedEvents(app.database, workspaceId, 'usage.limit_reached')).length
  return { workspaceId, call, ask, usage, limit, count, told }
}

test('of 100 questions at once exactly the plan’s ten are stored and answered, and the limit is told of once', async () => {
  const { ask, count, told, limit } = await makeCaller()
  const doors = ['/v1/chat', '/api/chat']
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask({}, doors[i % 2])))
  const statuses = Map.groupBy(answers, ({ status }) => status)
  assert.deepEqual([...statuses.keys()].sort(), [200, 429])
  assert.equal(statuses.get(200)?.length, 10)
  assert.equal(await count('conversations'), 10)
  assert.equal(await count('messages'), 20)
  assert.equal(await told(), 1)
  assert.equal((await limit('chat_messages_per_day'))?.used, 10)
})

test('a refused question names plan and limit, and the seconds to midnight in UTC, by every door and as JSON also to a stream', async () => {
  const { ask, limit, told } = await makeCaller()
  for (let n = 0; n < 10; n++) assert.equal((await ask()).status, 200)
  assert.equal(await told(), 1)
  now = new Date('2026-03-11T23:59:30Z')
  for (const refused of [await ask(), await ask({}, '/api/chat'), await ask({ accept: 'text/event-stream' })]) {
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '30')
    assert.match(refused.headers['content-type'] ?? '', /^application\/json/)
    const { error } = refused.json<Failed>()
    assert.equal(error.code, 'RATE_LIMIT_EXCEEDED')
    assert.match(error.message, /^Daily message quota exceeded\. The plan Ten allows 10 chat messages a day/)
    assert.equal(error.retry_after, 30)
    assert.deepEqual(error.details, {
      plan: 'ten',
      plan_limit: 'chat_messages_per_day',
      limit: 10,
      used: 10,
      resets_at: '2026-03-12T00:00:00.000Z',
    })
  }
  assert.equal(await told(), 1)
  now = new Date('2026-03-12T00:00:00Z')
  assert.equal((await ask()).status, 200)
  assert.equal((await limit('chat_messages_per_day'))?.used, 1)
})

test('a question that is repeated under its idempotency key is counted once, and a refused one can be asked again', async () => {
  const { ask, limit } = await makeCaller()
  for (let n = 0; n < 5; n++) assert.equal((await ask({ 'idempotency-key': 'same' })).status, 200)
  assert.equal((await limit('chat_messages_per_day'))?.used, 1)
  for (let n = 0; n < 9; n++) await ask()
  assert.equal((await ask({ 'idempotency-key': 'late' })).status, 429)
  assert.equal((await ask({ 'idempotency-key': 'same' })).headers['idempotency-replayed'], 'true')
  now = new Date('2026-03-12T08:00:00Z')
  assert.equal((await ask({ 'idempotency-key': 'late' })).status, 200)
})

test('streamed answers count as others do', async () => {
  const { ask, limit } = await makeCaller()
  const streamed = await ask({ accept: 'text/event-stream' })
  assert.match(streamed.text, /event: message-end/)
  assert.equal((await limit('chat_messages_per_day'))?.used, 1)
})

test('a plan that was lowered below what is used tells of its limit with the first refusal, once', async () => {
  const { ask, told, workspaceId } = await makeCaller('unlimited')
  for (let n = 0; n < 12; n++) assert.equal((await ask()).status, 200)
  await app.database.system.updateTable('workspaces').set({ plan_id: 'ten' }).where('id', '=', workspaceId).execute()
  assert.equal(await told(), 0)
  const refused = await Promise.all([ask(), ask(), ask()])
  assert.deepEqual(
    refused.map(({ status }) => status),
    [429, 429, 429],
  )
  assert.equal(refused[0]?.json<Failed>().error.details?.used, 12)
  assert.equal(await told(), 1)
})

test('usage names the plan and every limit that is counted, with what is used and when it begins again', async () => {
  const { call, ask, usage } = await makeCaller()
  await ask()
  assert.equal((await call('POST', '/v1/webhooks', { url: 'https://example.com', events: ['*'] })).status, 201)
  await app.deps.keyCache.flush()
  const { plan, limits } = await usage()
  assert.deepEqual(plan, { id: 'ten', label: 'Ten' })
  const byName = new Map(limits.map(({ name, ...rest }) => [name, rest]))
  const midnight = '2026-03-12T00:00:00.000Z'
  const april = '2026-04-01T00:00:00.000Z'
  const minute = '2026-03-11T23:01:00.000Z'
  assert.deepEqual(byName.get('requests_per_minute'), { used: 4, limit: null, period: 'minute', resets_at: minute })
  assert.deepEqual(byName.get('chat_messages_per_day'), { used: 1, limit: 10, period: 'day', resets_at: midnight })
  assert.deepEqual(byName.get('webhooks_max'), { used: 1, limit: 1, period: 'none', resets_at: null })
  assert.deepEqual(byName.get('key_calls_per_month'), { used: 3, limit: null, period: 'month', resets_at: april })
  assert.deepEqual(byName.get('all_key_calls_per_month'), { used: 3, limit: null, period: 'month', resets_at: april })
})

test('requests of the minute are told beside the limit that all servers keep together', async () => {
  const { limit } = await makeCaller('starter')
  const first = await limit('requests_per_minute')
  assert.deepEqual([first?.used, first?.limit], [2, 60])
  assert.equal((await limit('requests_per_minute'))?.used, 3)
})

test('a webhook beyond the plan is refused with the plan, its limit and what to do', async () => {
  const { call } = await makeCaller()
  const create = () => call('POST', '/v1/webhooks', { url: 'https://example.com', events: ['*'] })
  assert.equal((await create()).status, 201)
  const refused = await create()
  assert.equal(refused.status, 403)
  const { error } = refused.json<Failed>()
  assert.equal(error.message, 'The plan Ten allows 1 webhook. Delete one, or change the plan.')
  assert.deepEqual(error.details, { plan: 'ten', plan_limit: 'webhooks_max', limit: 1, used: 1 })
})

test('the presets hold what klairo prints for its plans', async () => {
  const { call } = await makeCaller()
  const { data } = (await call('GET', '/v1/plans')).json<{ data: { id: string; limits: Record<string, unknown> }[] }>()
  const limits = (id: string) => data.find((plan) => plan.id === id)?.limits ?? {}
  const pick = (id: string, names: string[]) => names.map((name) => limits(id)[name])
  const perPlan = ['requests_per_minute', 'chat_messages_per_day', 'automations_max']
  assert.deepEqual(pick('starter', perPlan), [60, 500, 10])
  assert.deepEqual(pick('growth', perPlan), [300, 5_000, 50])
  assert.deepEqual(pick('enterprise', perPlan), [null, null, null])
  assert.deepEqual(
    ['free', 'starter', 'pro'].map((id) => limits(id).key_calls_per_month),
    [10, 100, 1_000],
  )
  assert.deepEqual(
    ['free', 'starter', 'pro'].map((id) => limits(id).webhooks_max),
    [1, 2, 5],
  )
})
