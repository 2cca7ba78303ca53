import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { newId, toWireId } from '../../base/ids.ts'
import { createWorkspace } from '../workspaces/index.ts'
import { Member, MemberRemovedData } from './contract.ts'
import { addMember, createUser, getMe, listMembers, presentMember, removeMember, updateMember } from './index.ts'
import { makePerson } from './people.fixture.ts'
import { findAccount } from './queries.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const page = { limit: 20, after: null }

const eventsOf = async (workspaceId: string) =>
  (await recordedEvents(database, workspaceId)).map(({ type, subject_id, data }) => ({ type, subject_id, data }))

test('members are listed page by page, those of another workspace never', async () => {
  const [own, other] = [await makeWorkspace(database), await makeWorkspace(database)]
  const people = [await makePerson(database, own), await makePerson(database, own, 'agent')]
  await makePerson(database, other)
  const ctx = makeCtx(database, own)
  const all = await listMembers(ctx, page)
  assert.deepEqual(
    all.rows.map((row) => row.id),
    people.map(({ userId }) => userId).reverse(),
  )
  for (const row of all.rows) Member.parse(presentMember(row))
  const first = await listMembers(ctx, { limit: 1, after: null })
  assert.equal(first.hasMore, true)
  const second = await listMembers(ctx, { limit: 1, after: first.rows[0]!.id })
  assert.deepEqual([second.rows[0]?.id, second.hasMore], [people[0]!.userId, false])
})

test('the role of requests sees fellow members, no password, and nobody else', async () => {
  const [own, other] = [await makeWorkspace(database), await makeWorkspace(database)]
  const { userId } = await makePerson(database, own)
  await makePerson(database, other)
  const db = database.workspace(own)
  assert.deepEqual(await db.selectFrom('users').select('id').execute(), [{ id: userId }])
  await assert.rejects(db.selectFrom('users').select('password_hash').execute(), { code: '42501' })
  await assert.rejects(db.updateTable('users').set({ name: 'Eve' }).execute(), { code: '42501' })
  for (const table of ['sessions', 'refresh_tokens', 'totp_factors', 'recovery_codes', 'sign_in_attempts'] as const)
    await assert.rejects(db.selectFrom(table).selectAll().execute(), { code: '42501' }, table)
})

test('a changed role is recorded, and an unchanged one is not', async () => {
  const workspaceId = await makeWorkspace(database)
  const { ctx } = await makePerson(database, workspaceId)
  const { userId } = await makePerson(database, workspaceId, 'viewer')
  const row = await updateMember(ctx, { userId, role: 'developer' })
  assert.equal(row.role, 'developer')
  await updateMember(ctx, { userId, role: 'developer' })
  const events = await eventsOf(workspaceId)
  assert.deepEqual(events, [{ type: 'member.updated', subject_id: userId, data: presentMember(row) }])
  Member.parse(events[0]!.data)
})

test('a removed member is gone and recorded', async () => {
  const workspaceId = await makeWorkspace(database)
  const { ctx } = await makePerson(database, workspaceId)
  const { userId, email } = await makePerson(database, workspaceId, 'viewer')
  await removeMember(ctx, userId)
  await assert.rejects(removeMember(ctx, userId), { code: 'NOT_FOUND' })
  const [event] = await eventsOf(workspaceId)
  assert.equal(event?.type, 'member.removed')
  const data = MemberRemovedData.parse(event?.data)
  assert.deepEqual([data.user_id, data.email], [toWireId('user', userId), email])
})

test('a member of another workspace, and nobody at all, are not found', async () => {
  const own = await makePerson(database, await makeWorkspace(database))
  const other = await makePerson(database, await makeWorkspace(database))
  for (const userId of [other.userId, newId()]) {
    await assert.rejects(updateMember(own.ctx, { userId, role: 'viewer' }), { code: 'NOT_FOUND' })
    await assert.rejects(removeMember(own.ctx, userId), { code: 'NOT_FOUND' })
  }
})

test('the last owner stays, alone and when all go at once', async () => {
  const workspaceId = await makeWorkspace(database)
  const one = await makePerson(database, workspaceId)
  await assert.rejects(updateMember(one.ctx, { userId: one.userId, role: 'admin' }), { code: 'CONFLICT' })
  await assert.rejects(removeMember(one.ctx, one.userId), { code: 'CONFLICT' })
  const owners = [one, await makePerson(database, workspaceId), await makePerson(database, workspaceId)]
  const outcomes = await Promise.allSettled([
    ...owners.map(({ ctx, userId }) => updateMember(ctx, { userId, role: 'viewer' })),
    ...owners.map(({ ctx, userId }) => removeMember(ctx, userId)),
  ])
  const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  for (const code of codes) assert.ok(['CONFLICT', 'FORBIDDEN', 'NOT_FOUND'].includes(code), String(code))
  const left = (await listMembers(makeCtx(database, workspaceId), page)).rows.filter(({ role }) => role === 'owner')
  assert.equal(left.length, 1)
})

test('only an owner makes, changes or removes owners', async () => {
  const workspaceId = await makeWorkspace(database)
  const [owner, second] = [await makePerson(database, workspaceId), await makePerson(database, workspaceId)]
  const admin = await makePerson(database, workspaceId, 'admin')
  for (const ctx of [admin.ctx, makeCtx(database, workspaceId)]) {
    await assert.rejects(updateMember(ctx, { userId: admin.userId, role: 'owner' }), { code: 'FORBIDDEN' })
    await assert.rejects(updateMember(ctx, { userId: second.userId, role: 'viewer' }), { code: 'FORBIDDEN' })
    await assert.rejects(removeMember(ctx, second.userId), { code: 'FORBIDDEN' })
  }
  await updateMember(owner.ctx, { userId: admin.userId, role: 'owner' })
  await removeMember(owner.ctx, second.userId)
})

test('nobody gives or takes a role that may do more than they', async () => {
  const workspaceId = await makeWorkspace(database)
  const viewer = await makePerson(database, workspaceId, 'viewer')
  const admin = await makePerson(database, workspaceId, 'admin')
  const key = makeCtx(database, workspaceId, { scopes: ['members:write', 'contacts:write'] })
  await assert.rejects(updateMember(key, { userId: viewer.userId, role: 'admin' }), (error: { details: object }) => {
    assert.ok(JSON.stringify(error.details).includes('api_keys:manage'))
    return true
  })
  await assert.rejects(removeMember(key, admin.userId), { code: 'FORBIDDEN' })
  await assert.rejects(updateMember(viewer.ctx, { userId: viewer.userId, role: 'admin' }), { code: 'FORBIDDEN' })
})

test('users/me answers for the caller, for the owner behind a key, and with the plan of the workspace', async () => {
  const { liveId, sandboxId } = await createWorkspace(system, { name: 'Acme', planId: 'growth', now: new Date() })
  const owner = await makePerson(database, liveId)
  const viewer = await makePerson(database, liveId, 'viewer')
  const me = await getMe(viewer.ctx, { system })
  assert.deepEqual(me.plan, { id: 'growth', label: 'Growth', status: 'active', renews_at: null })
  assert.deepEqual(me.quota, { chat_limit_daily: 5_000, api_limit_per_minute: 300, automations_max: 50 })
  assert.deepEqual([me.id, me.email], [toWireId('user', viewer.userId), viewer.email])
  for (const id of [liveId, sandboxId])
    assert.equal((await getMe(makeCtx(database, id), { system })).id, toWireId('user', owner.userId))
  await assert.rejects(getMe(makeCtx(database, await makeWorkspace(database)), { system }), { code: 'NOT_FOUND' })
})

test('one e-mail address has one account, however it is spelt', async () => {
  const now = new Date()
  const userId = await createUser(system, { email: ' Grace@Acme.Test', name: 'Grace', password: 'x'.repeat(10), now })
  assert.equal((await findAccount(system, 'GRACE@acme.test '))?.id, userId)
  await assert.rejects(createUser(system, { email: 'grace@ACME.test', name: 'Eve', password: 'x'.repeat(10), now }), {
    code: '23505',
  })
  const workspaceId = await makeWorkspace(database)
  await addMember(system, { workspaceId, userId, role: 'viewer', now })
})
