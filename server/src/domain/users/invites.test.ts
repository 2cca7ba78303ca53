import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { silentLog } from '../../base/log.ts'
import { createWorkspace } from '../workspaces/index.ts'
import { Invite, Member } from './contract.ts'
import {
  acceptInvite,
  createInvite,
  createPasswords,
  listInvites,
  presentInvite,
  presentMember,
  revokeInvite,
} from './index.ts'
import { makePerson, password } from './people.fixture.ts'
import { findAccount } from './queries.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database
const passwords = createPasswords()

const page = { limit: 20, after: null }
const newEmail = () => `${randomUUID()}@acme.test`
const at = (days: number) => ({ now: () => new Date(Date.now() + days * 86_400_000) })
const outside = { system, passwords, clock: at(0), log: silentLog }
const accepting = (token: string, own = password) => ({
  token,
  name: 'Grace',
  password: own,
  address: undefined,
  requestId: 'req_invite',
})

test('an invite makes an account and a member, and is used up', async () => {
  const workspaceId = await makeWorkspace(database)
  const ctx = makeCtx(database, workspaceId)
  const email = newEmail()
  const { row, token } = await createInvite(ctx, { email: email.toUpperCase(), role: 'developer' })
  assert.equal(Invite.parse(presentInvite(row, new Date())).status, 'pending')
  assert.equal(row.email, email)
  const member = Member.parse(presentMember(await acceptInvite(accepting(token), outside)))
  assert.deepEqual([member.email, member.name, member.role], [email, 'Grace', 'developer'])
  const [listed] = (await listInvites(ctx, page)).rows
  assert.equal(presentInvite(listed!, new Date()).status, 'accepted')
  await assert.rejects(acceptInvite(accepting(token), outside), { code: 'NOT_FOUND' })
  await assert.rejects(revokeInvite(ctx, row.id), { code: 'CONFLICT' })
})

test('of many who accept one invite at once, one becomes a member', async () => {
  const workspaceId = await makeWorkspace(database)
  const { token } = await createInvite(makeCtx(database, workspaceId), { email: newEmail(), role: 'agent' })
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => acceptInvite(accepting(token), outside)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      assert.ok(['NOT_FOUND', 'CONFLICT', 'UNAUTHORIZED'].includes(outcome.reason.code))
  const members = await system.selectFrom('members').select('user_id').where('workspace_id', '=', workspaceId).execute()
  assert.equal(members.length, 1)
})

test('neither the token nor a trace of it is stored, and events tell of the invite without it', async () => {
  const workspaceId = await makeWorkspace(database)
  const { row, token } = await createInvite(makeCtx(database, workspaceId), { email: newEmail(), role: 'agent' })
  const member = await acceptInvite(accepting(token), outside)
  const events = await recordedEvents(database, workspaceId)
  assert.deepEqual(
    events.map(({ type, subject_id }) => [type, subject_id]),
    [
      ['invite.created', row.id],
      ['member.added', member.id],
    ],
  )
  const stored = JSON.stringify([events, await system.selectFrom('invites').selectAll().execute()])
  for (const secret of [token, token.slice(token.indexOf('_') + 1), password]) assert.ok(!stored.includes(secret))
})

test('an invite that is withdrawn, expired, replaced or unknown lets nobody in', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const withdrawn = await createInvite(ctx, { email: newEmail(), role: 'viewer' })
  await revokeInvite(ctx, withdrawn.row.id)
  await revokeInvite(ctx, withdrawn.row.id)
  const email = newEmail()
  const replaced = await createInvite(ctx, { email, role: 'viewer' })
  const newest = await createInvite(ctx, { email, role: 'agent' })
  for (const token of [withdrawn.token, replaced.token, 'invite_x', 'x'.repeat(200), ''])
    await assert.rejects(acceptInvite(accepting(token), outside), { code: 'NOT_FOUND', param: 'token' })
  await assert.rejects(acceptInvite(accepting(newest.token), { ...outside, clock: at(7.01) }), { code: 'NOT_FOUND' })
  assert.equal((await acceptInvite(accepting(newest.token), { ...outside, clock: at(6.99) })).role, 'agent')
  const statuses = (await listInvites(ctx, page)).rows.map((row) => presentInvite(row, new Date()).status)
  assert.deepEqual(statuses, ['accepted', 'revoked', 'revoked'])
})

test('an invite to someone with an account is accepted with the password of that account alone', async () => {
  const person = await makePerson(database, await makeWorkspace(database))
  const workspaceId = await makeWorkspace(database)
  const { token } = await createInvite(makeCtx(database, workspaceId), { email: person.email, role: 'agent' })
  await assert.rejects(acceptInvite(accepting(token, 'not this password'), outside), { code: 'UNAUTHORIZED' })
  const before = await findAccount(system, person.email)
  const member = await acceptInvite(accepting(token), outside)
  assert.deepEqual([member.id, member.name], [person.userId, 'Ada'])
  assert.deepEqual(await findAccount(system, person.email), before)
})

test('a member is not invited again, and nobody is into a sandbox', async () => {
  const workspaceId = await makeWorkspace(database)
  const { email } = await makePerson(database, workspaceId)
  const ctx = makeCtx(database, workspaceId)
  await assert.rejects(createInvite(ctx, { email, role: 'viewer' }), { code: 'CONFLICT', param: 'email' })
  const { sandboxId } = await createWorkspace(system, { name: 'Acme', planId: 'free', now: new Date() })
  await assert.rejects(createInvite(makeCtx(database, sandboxId), { email: newEmail(), role: 'viewer' }), {
    code: 'UNPROCESSABLE',
  })
})

test('nobody invites to a role that may do more than they', async () => {
  const workspaceId = await makeWorkspace(database)
  const admin = await makePerson(database, workspaceId, 'admin')
  await assert.rejects(createInvite(admin.ctx, { email: newEmail(), role: 'owner' }), { code: 'FORBIDDEN' })
  await createInvite(admin.ctx, { email: newEmail(), role: 'admin' })
  const owner = await makePerson(database, workspaceId)
  await createInvite(owner.ctx, { email: newEmail(), role: 'owner' })
  const key = makeCtx(database, workspaceId, { scopes: ['members:write'] })
  await assert.rejects(createInvite(key, { email: newEmail(), role: 'agent' }), { code: 'FORBIDDEN' })
  const reader = makeCtx(database, workspaceId, { scopes: ['members:read'] })
  await assert.rejects(createInvite(reader, { email: newEmail(), role: 'viewer' }), { code: 'FORBIDDEN' })
})

test('invites at once to one address leave one that works', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const email = newEmail()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, () => createInvite(ctx, { email, role: 'viewer' })),
  )
  for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'CONFLICT')
  const open = (await listInvites(ctx, page)).rows.filter((row) => presentInvite(row, new Date()).status === 'pending')
  assert.equal(open.length, 1)
})

test('another workspace neither sees nor withdraws an invite', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { row } = await createInvite(ctx, { email: newEmail(), role: 'viewer' })
  const other = makeCtx(database, await makeWorkspace(database))
  assert.deepEqual((await listInvites(other, page)).rows, [])
  await assert.rejects(revokeInvite(other, row.id), { code: 'NOT_FOUND' })
})
