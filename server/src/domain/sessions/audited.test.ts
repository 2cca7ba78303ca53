import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { toWireId } from '../../base/ids.ts'
import { password } from '../users/people.fixture.ts'
import { refreshSession, revokeSession } from './index.ts'
import { type FailedSignIn, noteFailedSignIn } from './note-failed-sign-in.ts'
import { makeSignIn } from './signing-in.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const auditOf = (workspaceId: string) =>
  system.selectFrom('audit_logs').selectAll().where('workspace_id', '=', workspaceId).orderBy('id').execute()
const actionsOf = async (workspaceId: string) => (await auditOf(workspaceId)).map(({ action }) => action)

/** What is noted behind an answer is there soon. */
const until = async (holds: () => Promise<boolean>) => {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 1_000, 'it never came')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('who signs in and out stands in the audit log of the workspace, with the request that did it', async () => {
  const { signIn, ctxOf, makeMember } = makeSignIn(database)
  const { email, userId, workspaceId } = await makeMember()
  const { token, refresh_token } = await signIn(email, { address: '192.0.2.7' })
  const ctx = await ctxOf(token)
  const { sessionId } = ctx.actor as { sessionId: string }
  await revokeSession(ctx, sessionId, { system })
  await revokeSession(ctx, sessionId, { system })
  const [opened, closed, ...more] = await auditOf(workspaceId)
  assert.deepEqual(more, [])
  const actor = `user:${toWireId('user', userId)}`
  assert.deepEqual([opened?.action, opened?.actor, opened?.request_id], ['session.created', actor, 'req_test'])
  assert.deepEqual(JSON.parse(opened!.detail), { by: 'password', address: '192.0.2.7' })
  assert.deepEqual([closed?.action, closed?.actor], ['session.revoked', actor])
  for (const { target_id } of [opened!, closed!]) assert.equal(target_id, toWireId('session', sessionId))
  const text = JSON.stringify([opened, closed])
  for (const hidden of [password, token, refresh_token, email]) assert.ok(!text.includes(hidden))
})

test('a refresh token that is shown twice is told of', async () => {
  const { signIn, outside, makeMember } = makeSignIn(database)
  const { email, userId, workspaceId } = await makeMember()
  const { refresh_token: refreshToken } = await signIn(email)
  await refreshSession({ refreshToken }, outside)
  await assert.rejects(refreshSession({ refreshToken }, outside))
  await assert.rejects(refreshSession({ refreshToken }, outside))
  const [, reused, ...more] = await auditOf(workspaceId)
  assert.deepEqual(more, [])
  assert.deepEqual([reused?.action, reused?.actor], ['session.reuse_detected', 'system:sign-in'])
  assert.deepEqual(JSON.parse(reused!.detail), { user_id: toWireId('user', userId) })
})

test('failures of an account are told of once a quarter of an hour, without what was typed', async () => {
  const { signIn, move, makeMember } = makeSignIn(database)
  const { email, userId, workspaceId } = await makeMember()
  const typed = `typed ${randomUUID()}`
  const fail = () => assert.rejects(signIn(email, { password: typed, address: '192.0.2.7' }))
  await Promise.all([fail(), fail(), fail()])
  await until(async () => (await actionsOf(workspaceId)).length > 0)
  const [failed] = await auditOf(workspaceId)
  assert.deepEqual([failed?.action, failed?.target_id], ['sign_in.failed', toWireId('user', userId)])
  assert.deepEqual(JSON.parse(failed!.detail), { reason: 'password', address: '192.0.2.7' })
  assert.ok(!JSON.stringify(failed).includes(typed))
  move(901)
  await fail()
  await until(async () => (await actionsOf(workspaceId)).length > 1)
  assert.deepEqual(await actionsOf(workspaceId), ['sign_in.failed', 'sign_in.failed'])
})

test('a flood of failures is one row an account and reason, and none of whoever does not exist', async () => {
  const { clock, makeMember } = makeSignIn(database)
  const { email, workspaceId } = await makeMember()
  const { workspaceId: other } = await makeMember()
  const failed: FailedSignIn = {
    email: ` ${email.toUpperCase()} `,
    // A workspace that is not theirs is not told.
    wanted: other,
    reason: 'password',
    address: undefined,
    requestId: 'req_flood',
    now: clock.now(),
  }
  await Promise.all(Array.from({ length: 30 }, () => noteFailedSignIn(system, failed)))
  await noteFailedSignIn(system, { ...failed, reason: 'code' })
  await noteFailedSignIn(system, { ...failed, email: `${randomUUID()}@acme.test` })
  assert.deepEqual(await actionsOf(workspaceId), ['sign_in.failed', 'sign_in.failed'])
  assert.deepEqual(await actionsOf(other), [])
})
