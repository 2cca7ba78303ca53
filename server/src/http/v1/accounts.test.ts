import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestApp } from '../../../test/app.ts'
import { fromWireId, toWireId } from '../../base/ids.ts'
import { sequenceEvents } from '../../domain/events/index.ts'
import { createWorkspace } from '../../domain/workspaces/index.ts'

type Account = {
  id: string
  name: string
  mode: string
  status: string
  plan: { id: string }
  sandbox_of: string | null
  parent_id: string | null
  reference: string | null
  metadata: Record<string, unknown>
}
type List = { data: Account[]; has_more: boolean; next_cursor: string | null }

const app = await openTestApp()
after(() => app.close())

const makeAgency = async (planId = 'unlimited') => {
  const pair = await createWorkspace(app.database.system, { name: 'Agency', planId, now: new Date() })
  const key = await app.makeKey({ workspaceId: pair.liveId, mode: 'live' })
  const testKey = await app.makeKey({ workspaceId: pair.sandboxId, mode: 'sandbox' })
  return { ...pair, key, testKey }
}
type Agency = Awaited<ReturnType<typeof makeAgency>>

const post = (key: string, body: unknown, headers = {}) => app.call('POST', '/v1/accounts', { key, body, headers })
const create = async (key: string, body: unknown): Promise<Account> => {
  const response = await post(key, body)
  assert.equal(response.status, 201, response.text)
  return response.json<Account>()
}
const patch = (key: string, id: string, body: unknown) => app.call('PATCH', `/v1/accounts/${id}`, { key, body })
const list = async (key: string, query = ''): Promise<List> =>
  (await app.call('GET', `/v1/accounts${query}`, { key })).json<List>()
const get = (key: string, path: string, headers = {}) => app.call('GET', path, { key, headers })

const eventsOf = async (key: string): Promise<{ type: string; sequence: number; data: Account }[]> => {
  while ((await sequenceEvents(app.database.system, async () => 0)).more);
  return (await get(key, '/v1/events')).json<{ data: { type: string; sequence: number; data: Account }[] }>().data
}
const auditsOf = async (key: string): Promise<string[]> =>
  (await get(key, '/v1/audit-logs'))
    .json<{ data: { action: string; target: { id: string } }[] }>()
    .data.map(({ action }) => action)
const sandboxKeyOf = (agency: Agency, account: Account) =>
  app.makeKey({
    workspaceId: fromWireId('workspace', account.id)!,
    mode: agency.key.includes('live') ? 'live' : 'sandbox',
  })

test('an account without clients shows the workspace of the key, and no other', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const { data } = await list(key)
  assert.equal(data.length, 1)
  assert.equal(data[0]?.plan.id, 'unlimited')
  assert.deepEqual((await get(key, `/v1/accounts/${data[0]?.id}`)).json(), data[0])
  assert.equal((await get(key, `/v1/accounts/${await app.makeWorkspace()}`)).status, 404)
})

test('a live key makes a live account and its sandbox, each with an agent that answers', async () => {
  const agency = await makeAgency()
  const made = await create(agency.key, { name: 'Northwind', reference: 'client-42', metadata: { tier: 'gold' } })
  assert.deepEqual(
    [made.mode, made.status, made.parent_id, made.sandbox_of, made.reference, made.metadata],
    ['live', 'active', toWireId('workspace', agency.liveId), null, 'client-42', { tier: 'gold' }],
  )
  const { data: sandboxes } = await list(agency.testKey, `?sandbox_of=${made.id}`)
  assert.equal(sandboxes.length, 1)
  const sandbox = sandboxes[0]!
  assert.deepEqual(
    [sandbox.mode, sandbox.name, sandbox.parent_id, sandbox.reference],
    ['sandbox', 'Northwind (sandbox)', toWireId('workspace', agency.sandboxId), null],
  )
  for (const [key, { id }] of [
    [agency.key, made],
    [agency.testKey, sandbox],
  ] as const) {
    const headers = { 'parley-workspace': id }
    const agents = (await get(key, '/v1/agents', headers)).json<{ data: { is_default: boolean }[] }>()
    assert.deepEqual(
      agents.data.map((agent) => agent.is_default),
      [true],
    )
    const answer = await app.call('POST', '/v1/chat', { key, headers, body: { message: 'What are your hours?' } })
    assert.equal(answer.status, 200, answer.text)
  }
})

test('nothing live can be reached, seen or made from a sandbox key, nor the other way round', async () => {
  const agency = await makeAgency()
  const live = await create(agency.key, { name: 'Live client' })
  const trial = await create(agency.testKey, { name: 'Trial client' })
  assert.deepEqual([trial.mode, trial.sandbox_of], ['sandbox', null])
  assert.ok(!(await list(agency.testKey)).data.some(({ mode }) => mode === 'live'))
  assert.ok(!(await list(agency.key)).data.some(({ mode }) => mode === 'sandbox'))
  assert.equal((await get(agency.testKey, `/v1/accounts/${live.id}`)).status, 404)
  assert.equal((await get(agency.key, `/v1/accounts/${trial.id}`)).status, 404)
  assert.equal((await patch(agency.testKey, live.id, { name: 'Taken' })).status, 404)
  assert.equal((await get(agency.testKey, '/v1/contacts', { 'parley-workspace': live.id })).status, 404)
  assert.equal((await get(agency.key, '/v1/contacts', { 'parley-workspace': trial.id })).status, 404)
  const sandbox = (await list(agency.testKey, `?sandbox_of=${live.id}`)).data[0]!
  assert.equal((await patch(agency.testKey, sandbox.id, { status: 'suspended' })).status, 409)
  assert.equal((await patch(agency.testKey, trial.id, { status: 'suspended' })).status, 200)
})

test('accounts are listed newest first, page by page, and found by parent and by reference', async () => {
  const agency = await makeAgency()
  const made: string[] = []
  for (const n of [1, 2, 3]) made.unshift((await create(agency.key, { name: `Client ${n}`, reference: `r${n}` })).id)
  const own = toWireId('workspace', agency.liveId)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: List = await list(agency.key, `?limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor
  }
  assert.deepEqual(seen, [...made, own])
  assert.deepEqual(
    (await list(agency.key, `?parent=${own}`)).data.map(({ id }) => id),
    made,
  )
  assert.deepEqual(
    (await list(agency.key, '?reference=r2')).data.map(({ id }) => id),
    [made[1]],
  )
  assert.deepEqual((await list(agency.key, '?reference=r9')).data, [])
  assert.deepEqual((await list(agency.key, `?parent=${made[0]}`)).data, [])
})

test('two agencies may use one reference, and one agency may not use it twice', async () => {
  const [agency, other] = [await makeAgency(), await makeAgency()]
  const first = await create(agency.key, { name: 'One', reference: 'same' })
  await create(other.key, { name: 'One', reference: 'same' })
  await create(agency.testKey, { name: 'Trial', reference: 'same' })
  for (const headers of [{}, { 'idempotency-key': randomUUID() }]) {
    const refused = await post(agency.key, { name: 'Two', reference: 'same' }, headers)
    assert.deepEqual([refused.status, refused.json<{ error: { param: string } }>().error.param], [409, 'reference'])
  }
  const second = await create(agency.key, { name: 'Two', reference: 'another' })
  assert.equal((await patch(agency.key, second.id, { reference: 'same' })).status, 409)
  assert.equal((await patch(agency.key, first.id, { reference: null })).json<Account>().reference, null)
  assert.equal((await patch(agency.key, second.id, { reference: 'same' })).json<Account>().reference, 'same')
  assert.equal((await list(agency.key)).data.length, 3)
})

test('a repeated request makes one account', async () => {
  const agency = await makeAgency()
  const headers = { 'idempotency-key': randomUUID() }
  const [first, again] = [
    await post(agency.key, { name: 'Once' }, headers),
    await post(agency.key, { name: 'Once' }, headers),
  ]
  assert.equal(again.text, first.text)
  assert.equal((await list(agency.key)).data.length, 2)
})

test('a client can have no clients, change nothing of its account, and not see what its agency notes about it', async () => {
  const agency = await makeAgency()
  const made = await create(agency.key, { name: 'Northwind', reference: 'pays late', metadata: { risk: 'high' } })
  const key = await sandboxKeyOf(agency, made)
  assert.equal((await post(key, { name: 'Grandchild' })).status, 403)
  assert.equal((await patch(key, made.id, { name: 'Renamed' })).status, 403)
  assert.equal((await patch(key, made.id, { status: 'active' })).status, 403)
  const own = (await get(key, `/v1/accounts/${made.id}`)).json<Account>()
  assert.deepEqual([own.name, own.reference, own.metadata], ['Northwind', null, {}])
  assert.deepEqual((await list(key, '?reference=pays%20late')).data, [])
  assert.equal((await get(key, `/v1/accounts/${toWireId('workspace', agency.liveId)}`)).status, 404)
  assert.deepEqual(
    (await list(key)).data.map(({ id }) => id),
    [made.id],
  )
})

test('the sandbox of an account follows its name, plan and status', async () => {
  const agency = await makeAgency()
  const made = await create(agency.key, { name: 'Before', plan: 'free' })
  const changed = await patch(agency.key, made.id, { name: 'After', plan: 'starter', status: 'suspended' })
  assert.equal(changed.status, 200, changed.text)
  const seen = ({ name, plan, status }: Account) => [name, plan.id, status]
  assert.deepEqual(seen(changed.json<Account>()), ['After', 'starter', 'suspended'])
  const sandbox = (await list(agency.testKey, `?sandbox_of=${made.id}`)).data[0]!
  assert.deepEqual(seen(sandbox), ['After (sandbox)', 'starter', 'suspended'])
})

test('of its own account a workspace changes the name and nothing else', async () => {
  const agency = await makeAgency()
  const own = toWireId('workspace', agency.liveId)
  assert.equal((await patch(agency.key, own, { name: 'Renamed' })).json<Account>().name, 'Renamed')
  for (const body of [{ status: 'suspended' }, { plan: 'free' }, { reference: 'x' }, { metadata: {} }]) {
    const refused = await patch(agency.key, own, { name: 'Not that', ...body })
    assert.deepEqual(
      [refused.status, refused.json<{ error: { param: string } }>().error.param],
      [422, Object.keys(body)[0]],
    )
  }
  assert.equal((await get(agency.key, `/v1/accounts/${own}`)).json<Account>().name, 'Renamed')
})

test('an agency gives no plan that allows more than its own', async () => {
  const agency = await makeAgency('starter')
  assert.equal((await create(agency.key, { name: 'Default' })).plan.id, 'starter')
  const made = await create(agency.key, { name: 'Less', plan: 'free' })
  for (const plan of ['growth', 'unlimited', 'enterprise', 'no such plan']) {
    for (const refused of [await post(agency.key, { name: 'More', plan }), await patch(agency.key, made.id, { plan })])
      assert.deepEqual([refused.status, refused.json<{ error: { param: string } }>().error.param], [422, 'plan'], plan)
  }
  assert.equal((await patch(agency.key, made.id, { plan: 'starter' })).json<Account>().plan.id, 'starter')
})

test('the log of the agency tells of its accounts, and the audit logs of both sides of who did it', async () => {
  const agency = await makeAgency()
  const made = await create(agency.key, { name: 'Northwind' })
  const clientKey = await sandboxKeyOf(agency, made)
  await app.call('POST', '/v1/contacts', { key: clientKey, body: { name: 'Ada' } })
  for (const body of [
    { name: 'New' },
    { metadata: { note: 'private' } },
    { status: 'suspended' },
    { status: 'active' },
  ])
    await patch(agency.key, made.id, body)
  // Nothing changes, so nothing is told.
  await patch(agency.key, made.id, { name: 'New', status: 'active' })
  const told = (await eventsOf(agency.key)).reverse()
  assert.deepEqual(
    told.map(({ type, sequence }) => [type, sequence]),
    [
      ['account.created', 1],
      ['account.updated', 2],
      ['account.updated', 3],
      ['account.suspended', 4],
      ['account.resumed', 5],
    ],
  )
  assert.deepEqual(told[2]!.data.metadata, { note: 'private' })
  const inClient = await eventsOf(clientKey)
  assert.deepEqual(inClient.map(({ type }) => type).sort(), ['agent.created', 'contact.created'])
  const actions = ['account.resumed', 'account.suspended', 'account.updated', 'account.updated', 'account.created']
  assert.deepEqual(await auditsOf(agency.key), actions)
  assert.deepEqual(
    (await auditsOf(clientKey)).filter((action) => action.startsWith('account.')),
    actions,
  )
  const clientLog = await get(clientKey, '/v1/audit-logs')
  assert.ok(!clientLog.text.includes('metadata') && clientLog.text.includes('api_key:key_'))
})

test('an agency that has ten thousand accounts gets no more', async () => {
  const agency = await makeAgency()
  await sql`insert into workspaces (id, parent_id, mode, name, plan_id, created_at, updated_at)
    select gen_random_uuid(), ${agency.liveId}::uuid, 'live', 'Client', 'free', now(), now() from generate_series(1, 9999)`.execute(
    app.database.system,
  )
  await create(agency.key, { name: 'The last' })
  assert.equal((await post(agency.key, { name: 'One too many' })).status, 409)
})
