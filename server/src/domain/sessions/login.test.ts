import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { toWireId } from '../../base/ids.ts'
import { addMember, removeMember, roleScopes, updateMember } from '../users/index.ts'
import { makePerson, password } from '../users/people.fixture.ts'
import { createWorkspace } from '../workspaces/index.ts'
import { SignedIn } from './contract.ts'
import { findSession, purgeSessions } from './index.ts'
import { makeSignIn } from './signing-in.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

/** A network of its own. */
const newAddress = () => {
  const hex = randomUUID()
  return `2001:db8:${hex.slice(0, 4)}:${hex.slice(4, 8)}::`
}
const newEmail = () => `${randomUUID()}@acme.test`

const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  )
  assert.ok(error, 'it was expected to fail')
  return { code: error.code, message: error.message, details: error.details, retryAfter: error.retryAfter }
}

test('a login answers what the page of the API prints, and a token of 24 hours', async () => {
  const { signIn, tokens, clock, makeMember } = makeSignIn(database)
  const { email, userId, workspaceId } = await makeMember()
  const answer = SignedIn.parse(await signIn(` ${email.toUpperCase()} `))
  assert.deepEqual(Object.keys(answer).sort(), ['expires_at', 'refresh_token', 'token', 'user'])
  assert.deepEqual(answer.user, { id: toWireId('user', userId), email, name: 'Ada', plan: 'unlimited' })
  const claims = tokens.verify(answer.token, clock.now())
  assert.deepEqual([claims?.userId, claims?.workspaceId], [userId, workspaceId])
  const hours = (Date.parse(answer.expires_at) - clock.now().getTime()) / 3_600_000
  assert.ok(hours > 23.9 && hours <= 24)
  assert.equal(claims?.expiresAt.toISOString(), answer.expires_at)
})

test('a wrong password and an unknown address take the same path to the same answer', async () => {
  const { signIn, judged, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const wrong = await failure(signIn(email, { password: 'not this password' }))
  const unknown = await failure(signIn(newEmail(), { password: 'not this password' }))
  assert.deepEqual(wrong, unknown)
  assert.deepEqual(wrong, {
    code: 'UNAUTHORIZED',
    message: 'Invalid credentials.',
    details: undefined,
    retryAfter: undefined,
  })
  assert.equal(judged.length, 2, 'one hash each')
  assert.match(judged[0]!, /^\$argon2id/)
  assert.equal(judged[1], undefined)
})

test('after ten failures from one place an account is closed to it for a quarter of an hour, even to its password', async () => {
  const { signIn, judged, move, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  for (let i = 0; i < 10; i++) assert.equal((await failure(signIn(email, { password: 'wrong' }))).code, 'UNAUTHORIZED')
  const closed = await failure(signIn(email.toUpperCase()))
  assert.equal(closed.code, 'RATE_LIMIT_EXCEEDED')
  assert.ok(closed.retryAfter > 890 && closed.retryAfter <= 900, String(closed.retryAfter))
  assert.equal(judged.length, 10, 'a refused attempt costs no hash')
  move(901)
  assert.ok(await signIn(email))
})

test('many attempts at once are counted before they are judged', async () => {
  const { signIn, judged, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => failure(signIn(email, { password: 'wrong' }))))
  assert.equal(outcomes.filter(({ code }) => code === 'UNAUTHORIZED').length, 10)
  assert.equal(outcomes.filter(({ code }) => code === 'RATE_LIMIT_EXCEEDED').length, 30)
  assert.equal(judged.length, 10)
})

test('an unknown address is limited as an account is', async () => {
  const { signIn } = makeSignIn(database)
  const email = newEmail()
  for (let i = 0; i < 10; i++) assert.equal((await failure(signIn(email))).code, 'UNAUTHORIZED')
  assert.equal((await failure(signIn(email))).code, 'RATE_LIMIT_EXCEEDED')
})

test('fifty failures from one address close it for everybody there, and for nobody elsewhere', async () => {
  const { signIn, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const address = newAddress()
  for (let i = 0; i < 5; i++)
    await Promise.all(Array.from({ length: 10 }, () => failure(signIn(newEmail(), { password: 'wrong', address }))))
  assert.equal((await failure(signIn(email, { address }))).code, 'RATE_LIMIT_EXCEEDED')
  assert.ok(await signIn(email, { address: '192.0.2.1' }))
})

test('a login that succeeds forgets the failures before it and costs its address nothing', async () => {
  const { signIn, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const address = newAddress()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 9; i++)
      assert.equal((await failure(signIn(email, { password: 'wrong', address }))).code, 'UNAUTHORIZED')
    await signIn(email, { address })
  }
  for (let i = 0; i < 51; i++) await signIn(email, { address })
})

test('a stranger who knows an e-mail address locks nobody out but themselves', async () => {
  const { signIn, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const stranger = newAddress()
  for (let i = 0; i < 10; i++) await failure(signIn(email, { password: 'wrong', address: stranger }))
  assert.equal((await failure(signIn(email, { address: stranger }))).code, 'RATE_LIMIT_EXCEEDED')
  assert.ok(await signIn(email, { address: newAddress() }))
})

test('however often one place is refused, it closes no account to others and leaves no rows behind', async () => {
  const { signIn, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const stranger = newAddress()
  for (let i = 0; i < 45; i++) await failure(signIn(email, { password: 'wrong', address: stranger }))
  const other = newAddress()
  for (let i = 0; i < 120; i++) await failure(signIn(email, { password: 'wrong', address: other }))
  assert.ok(await signIn(email, { address: newAddress() }))
  const rows = async () => (await system.selectFrom('sign_in_attempts').select('bucket').execute()).length
  const before = await rows()
  for (let i = 0; i < 20; i++)
    assert.equal((await failure(signIn(newEmail(), { address: other }))).code, 'RATE_LIMIT_EXCEEDED')
  assert.equal(await rows(), before)
})

test('many strangers close an account to strangers, and not to the places it is signed in to from', async () => {
  const { signIn, judged, move, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const home = newAddress()
  await signIn(email, { address: `${home}1` })
  const unknown = newEmail()
  const before = judged.length
  for (let place = 0; place < 11; place++) {
    const address = newAddress()
    for (let i = 0; i < 10; i++)
      await Promise.all([email, unknown].map((name) => failure(signIn(name, { password: 'wrong', address }))))
  }
  assert.equal(judged.length - before, 200, 'a hundred of each are judged')
  const closed = await failure(signIn(email, { address: newAddress() }))
  assert.equal(closed.code, 'RATE_LIMIT_EXCEEDED')
  const { message } = await failure(signIn(unknown, { address: newAddress() }))
  assert.equal(message, closed.message)
  for (let i = 0; i < 10; i++)
    assert.equal((await failure(signIn(email, { password: 'wrong', address: `${home}3` }))).code, 'UNAUTHORIZED')
  assert.equal((await failure(signIn(email, { address: `${home}4` }))).code, 'RATE_LIMIT_EXCEEDED')
  move(901)
  assert.ok(await signIn(email, { address: newAddress() }))
  move(31 * 86_400)
  for (let place = 0; place < 11; place++) {
    const address = newAddress()
    for (let i = 0; i < 10; i++) await failure(signIn(email, { password: 'wrong', address }))
  }
  assert.equal((await failure(signIn(email, { address: `${home}2` }))).code, 'RATE_LIMIT_EXCEEDED')
})

test('what is kept of attempts names neither account nor address', async () => {
  const { signIn } = makeSignIn(database)
  await failure(signIn('stranger@acme.test', { address: '192.0.2.77' }))
  const rows = await system.selectFrom('sign_in_attempts').selectAll().execute()
  const kept = rows.map(({ bucket }) => Buffer.from(bucket).toString('latin1')).join()
  assert.ok(!kept.includes('stranger') && !kept.includes('192.0.2.77'))
})

test('a login is for the workspace asked for, for its sandbox, and for no other', async () => {
  const { signIn, tokens, clock, ctxOf } = makeSignIn(database)
  const pair = await createWorkspace(system, { name: 'Acme', planId: 'growth', now: new Date() })
  const { email, userId } = await makePerson(database, pair.liveId, 'developer')
  const foreign = await createWorkspace(system, { name: 'Other', planId: 'free', now: new Date() })
  const workspaceOf = (token: string) => tokens.verify(token, clock.now())?.workspaceId
  const byDefault = await signIn(email)
  assert.deepEqual([workspaceOf(byDefault.token), byDefault.user.plan], [pair.liveId, 'growth'])
  const sandbox = await signIn(email, { workspace_id: pair.sandboxId })
  assert.equal(workspaceOf(sandbox.token), pair.sandboxId)
  assert.equal((await ctxOf(sandbox.token)).mode, 'sandbox')
  for (const id of [foreign.liveId, foreign.sandboxId, randomUUID()]) {
    const { code } = await failure(signIn(email, { workspace_id: id }))
    assert.equal(code, 'NOT_FOUND')
  }
  await addMember(system, { workspaceId: foreign.liveId, userId, role: 'viewer', now: new Date() })
  assert.equal(workspaceOf((await signIn(email, { workspace_id: foreign.liveId })).token), foreign.liveId)
  assert.equal(workspaceOf((await signIn(email)).token), pair.liveId)
})

test('a session has the rights of the role, from the moment that the role changes', async () => {
  const { signIn, ctxOf, makeMember } = makeSignIn(database)
  const owner = await makeMember()
  const person = await makePerson(database, owner.workspaceId, 'viewer')
  const { token } = await signIn(person.email)
  const held = async (): Promise<string[]> => {
    const { actor } = await ctxOf(token)
    return 'scopes' in actor ? [...actor.scopes] : []
  }
  assert.deepEqual(await held(), [...roleScopes.viewer])
  await updateMember(owner.ctx, { userId: person.userId, role: 'agent' })
  assert.deepEqual(await held(), [...roleScopes.agent])
})

test('whoever is removed is out at once, and old sessions stay dead when they come back', async () => {
  const { signIn, isAlive, makeMember } = makeSignIn(database)
  const owner = await makeMember()
  const person = await makePerson(database, owner.workspaceId, 'agent')
  const { token } = await signIn(person.email)
  assert.equal(await isAlive(token), true)
  await removeMember(owner.ctx, person.userId)
  assert.equal(await isAlive(token), false)
  assert.equal((await failure(signIn(person.email))).code, 'FORBIDDEN')
  await addMember(system, {
    workspaceId: owner.workspaceId,
    userId: person.userId,
    role: 'agent',
    now: new Date(Date.now() + 5),
  })
  assert.equal(await isAlive(token), false)
})

test('a suspended workspace lets nobody in, and the sessions in it are known to be of one', async () => {
  const { signIn, tokens, clock, makeMember } = makeSignIn(database)
  const { email, workspaceId } = await makeMember()
  const { sessionId } = tokens.verify((await signIn(email)).token, clock.now())!
  assert.equal((await findSession(system, sessionId, clock.now()))?.suspended, false)
  await system.updateTable('workspaces').set({ status: 'suspended' }).where('id', '=', workspaceId).execute()
  assert.equal((await findSession(system, sessionId, clock.now()))?.suspended, true)
  assert.equal((await failure(signIn(email))).code, 'FORBIDDEN')
})

test('neither password nor token is stored', async () => {
  const { signIn, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const { token, refresh_token } = await signIn(email)
  const rows = await Promise.all(
    (['users', 'sessions', 'refresh_tokens', 'sign_in_attempts'] as const).map((table) =>
      system.selectFrom(table).selectAll().execute(),
    ),
  )
  const stored = JSON.stringify(rows)
  for (const secret of [password, token, refresh_token, refresh_token.slice('refresh_'.length)])
    assert.ok(!stored.includes(secret))
})

test('sessions that have been over for a month are forgotten', async () => {
  const { signIn, tokens, clock, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const { sessionId } = tokens.verify((await signIn(email)).token, clock.now())!
  await purgeSessions(system, new Date(Date.now() + 59 * 86_400_000))
  assert.ok(await findSession(system, sessionId, new Date()))
  await purgeSessions(system, new Date(Date.now() + 61 * 86_400_000))
  assert.equal(await findSession(system, sessionId, new Date()), undefined)
})
