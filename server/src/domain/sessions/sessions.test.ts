import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import { confirmTotp, disableTotp, enrolTotp } from '../users/index.ts'
import { password } from '../users/people.fixture.ts'
import { codeOf, stepAt } from '../users/totp.ts'
import { Session, SignedIn } from './contract.ts'
import { listSessions, presentSession, refreshSession, revokeSession, updateMe } from './index.ts'
import { makeSignIn } from './signing-in.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const page = { limit: 20, after: null }
const remember = async () => undefined

test('a refresh token buys the next pair once, and the tokens before it go on', async () => {
  const { signIn, outside, isAlive, move, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const first = await signIn(email)
  const second = SignedIn.parse(await refreshSession({ refreshToken: first.refresh_token }, outside))
  assert.deepEqual(second.user, first.user)
  assert.notEqual(second.refresh_token, first.refresh_token)
  assert.deepEqual([await isAlive(first.token), await isAlive(second.token)], [true, true])
  move(23 * 3_600)
  const third = await refreshSession({ refreshToken: second.refresh_token }, outside)
  move(2 * 3_600)
  assert.deepEqual([await isAlive(second.token), await isAlive(third.token)], [false, true])
})

test('a refresh token that is shown twice ends the whole session', async () => {
  const { signIn, outside, isAlive, forgotten, ctxOf, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const other = await signIn(email)
  const first = await signIn(email)
  const { sessionId } = (await ctxOf(first.token)).actor as { sessionId: string }
  const second = await refreshSession({ refreshToken: first.refresh_token }, outside)
  await assert.rejects(refreshSession({ refreshToken: first.refresh_token }, outside), { code: 'UNAUTHORIZED' })
  assert.equal(forgotten.at(-1), sessionId)
  for (const { token } of [first, second]) assert.equal(await isAlive(token), false)
  await assert.rejects(refreshSession({ refreshToken: second.refresh_token }, outside), { code: 'UNAUTHORIZED' })
  assert.equal(await isAlive(other.token), true)
})

test('of many refreshes with one token at once, one succeeds and the rest end the session', async () => {
  const { signIn, outside, isAlive, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const { refresh_token: refreshToken, token } = await signIn(email)
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => refreshSession({ refreshToken }, outside)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal(await isAlive(token), false)
})

test('a token that is still valid buys the next pair too, and ends the refresh token before it', async () => {
  const { signIn, outside, isAlive, move, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const first = await signIn(email)
  const second = await refreshSession({ token: first.token }, outside)
  const third = await refreshSession({ token: first.token }, outside)
  assert.equal(await isAlive(third.token), true)
  await assert.rejects(refreshSession({ refreshToken: second.refresh_token }, outside), { code: 'UNAUTHORIZED' })
  assert.equal(await isAlive(third.token), false)
  const again = await signIn(email)
  move(86_401)
  await assert.rejects(refreshSession({ token: again.token }, outside), { code: 'UNAUTHORIZED' })
})

test('a session that nobody refreshes ends after thirty days', async () => {
  const { signIn, outside, move, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const { refresh_token: refreshToken } = await signIn(email)
  move(29 * 86_400)
  const next = await refreshSession({ refreshToken }, outside)
  move(31 * 86_400)
  await assert.rejects(refreshSession({ refreshToken: next.refresh_token }, outside), { code: 'UNAUTHORIZED' })
})

test('what was never a refresh token buys nothing and ends nothing', async () => {
  const { signIn, outside, isAlive, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const { token, refresh_token } = await signIn(email)
  for (const refreshToken of ['x', 'refresh_', `${refresh_token}x`, refresh_token.toUpperCase(), token])
    await assert.rejects(refreshSession({ refreshToken }, outside), { code: 'UNAUTHORIZED' })
  const [head, body] = token.split('.')
  const forged = `${head}.${body}.${createHmac('sha256', 'wrong').update(`${head}.${body}`).digest('base64url')}`
  await assert.rejects(refreshSession({ token: forged }, outside), { code: 'UNAUTHORIZED' })
  assert.equal(await isAlive(token), true)
})

test('a person sees and ends their own sessions, and nobody else does', async () => {
  const { signIn, ctxOf, isAlive, makeMember } = makeSignIn(database)
  const [ada, eve] = [await makeMember(), await makeMember()]
  const here = await signIn(ada.email, { address: '192.0.2.9' })
  const there = await signIn(ada.email)
  const [ctx, stranger] = [await ctxOf(here.token), await ctxOf((await signIn(eve.email)).token)]
  const listed = (await listSessions(ctx, page, { system })).rows.map((row) => Session.parse(presentSession(ctx, row)))
  assert.deepEqual(
    listed.map(({ current }) => current),
    [false, true],
  )
  assert.deepEqual([listed[1]!.address, listed[1]!.user_agent], ['192.0.2.9', 'test'])
  const [other] = (await listSessions(ctx, { limit: 1, after: null }, { system })).rows
  for (const id of [other!.id, newId()])
    await assert.rejects(revokeSession(stranger, id, { system }), { code: 'NOT_FOUND' })
  assert.equal(await isAlive(there.token), true)
  await revokeSession(ctx, other!.id, { system })
  await revokeSession(ctx, other!.id, { system })
  assert.deepEqual([await isAlive(there.token), await isAlive(here.token)], [false, true])
  assert.equal((await listSessions(ctx, page, { system })).rows.length, 1)
})

test('a key has no sessions, no account and no second factor', async () => {
  const { outside, makeMember } = makeSignIn(database)
  const { workspaceId } = await makeMember()
  const key = makeCtx(database, workspaceId)
  const address = undefined
  await assert.rejects(listSessions(key, page, { system }), { code: 'FORBIDDEN' })
  await assert.rejects(revokeSession(key, newId(), { system }), { code: 'FORBIDDEN' })
  await assert.rejects(updateMe(key, { name: 'Eve', address }, { ...outside, remember }), { code: 'FORBIDDEN' })
  await assert.rejects(enrolTotp(key, { password, address }, { ...outside, issuer: 'Parley', remember }), {
    code: 'FORBIDDEN',
  })
})

test('a new password needs the present one, and ends every other session', async () => {
  const { signIn, ctxOf, isAlive, outside, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const [here, there] = [await signIn(email), await signIn(email)]
  const ctx = await ctxOf(here.token)
  const change = (current: string) =>
    updateMe(
      ctx,
      { current_password: current, new_password: 'a better password', address: undefined },
      { ...outside, remember },
    )
  await assert.rejects(change('wrong'), { code: 'UNPROCESSABLE', param: 'current_password' })
  assert.equal(await isAlive(there.token), true)
  await change(password)
  assert.deepEqual([await isAlive(here.token), await isAlive(there.token)], [true, false])
  await assert.rejects(refreshSession({ refreshToken: there.refresh_token }, outside), { code: 'UNAUTHORIZED' })
  await assert.rejects(signIn(email), { code: 'UNAUTHORIZED' })
  assert.ok(await signIn(email, { password: 'a better password' }))
})

test('a login with the old password that is under way when it changes leaves no session behind', async () => {
  const { signIn, ctxOf, isAlive, outside, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const ctx = await ctxOf((await signIn(email)).token)
  const changing = updateMe(
    ctx,
    { current_password: password, new_password: 'a better password', address: undefined },
    { ...outside, remember },
  )
  const outcomes = await Promise.allSettled([...Array.from({ length: 6 }, () => signIn(email)), changing])
  assert.equal(outcomes.at(-1)?.status, 'fulfilled')
  for (const outcome of outcomes)
    if (outcome.status === 'fulfilled' && 'token' in outcome.value)
      assert.equal(await isAlive(outcome.value.token), false)
})

test('whoever has a session cannot guess its password without end', async () => {
  const { signIn, ctxOf, outside, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const ctx = await ctxOf((await signIn(email)).token)
  const guess = () =>
    updateMe(
      ctx,
      { current_password: 'guess', new_password: 'a better password', address: undefined },
      { ...outside, remember },
    )
  for (let i = 0; i < 10; i++) await assert.rejects(guess(), { code: 'UNPROCESSABLE' })
  await assert.rejects(guess(), { code: 'RATE_LIMIT_EXCEEDED' })
})

test('name and picture change without a password, and the picture can be taken away', async () => {
  const { signIn, ctxOf, outside, makeMember } = makeSignIn(database)
  const { email } = await makeMember()
  const ctx = await ctxOf((await signIn(email)).token)
  const change = (input: object) => updateMe(ctx, { ...input, address: undefined }, { ...outside, remember })
  const changed = await change({ name: 'Grace', avatar_url: 'https://acme.test/a.png' })
  assert.deepEqual([changed.name, changed.avatar_url], ['Grace', 'https://acme.test/a.png'])
  const cleared = await change({ avatar_url: null })
  assert.deepEqual([cleared.name, cleared.avatar_url], ['Grace', null])
})

const fromBase32 = (text: string): Buffer => {
  const bits = [...text]
    .map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)))
}

/** A signed-in person with two-factor sign-in, and what their app and their paper know. */
const withSecondFactor = async (at: ReturnType<typeof makeSignIn>) => {
  const { email, userId } = await at.makeMember()
  const ctx = await at.ctxOf((await at.signIn(email)).token)
  const enrolment = await enrolTotp(
    ctx,
    { password, address: undefined },
    { ...at.outside, issuer: 'Parley', remember },
  )
  const secret = fromBase32(enrolment.secret)
  const code = () => codeOf(secret, stepAt(at.clock.now()))
  const { recovery_codes: recoveryCodes } = await confirmTotp(ctx, code(), { ...at.outside, remember })
  at.move(60)
  return { email, userId, ctx, code, recoveryCodes, secret: enrolment.secret }
}

test('with a second factor a login needs the password and a code, each code once', async () => {
  const at = makeSignIn(database)
  const { email, code } = await withSecondFactor(at)
  await assert.rejects(at.signIn(email), { code: 'UNAUTHORIZED', details: { totp_required: true } })
  await assert.rejects(at.signIn(email, { totp: '000000' }), { code: 'UNAUTHORIZED', details: { totp_required: true } })
  const wrong = await at.signIn(email, { password: 'wrong', totp: code() }).catch((error) => error)
  assert.deepEqual([wrong.message, wrong.details], ['Invalid credentials.', undefined])
  const totp = code()
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => at.signIn(email, { totp })))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('wrong codes count as failures, and logins without one do not', async () => {
  const at = makeSignIn(database)
  const { email, code } = await withSecondFactor(at)
  for (let i = 0; i < 12; i++) await assert.rejects(at.signIn(email), { code: 'UNAUTHORIZED' })
  for (let i = 0; i < 10; i++) await assert.rejects(at.signIn(email, { totp: '000000' }), { code: 'UNAUTHORIZED' })
  await assert.rejects(at.signIn(email, { totp: code() }), { code: 'RATE_LIMIT_EXCEEDED' })
})

test('ten wrong codes close the second factor, wherever they come from', async () => {
  const at = makeSignIn(database)
  const { email, code } = await withSecondFactor(at)
  for (let i = 0; i < 10; i++)
    await assert.rejects(at.signIn(email, { totp: '000000', address: `192.0.2.${i}` }), { code: 'UNAUTHORIZED' })
  await assert.rejects(at.signIn(email, { totp: code(), address: '192.0.2.99' }), { code: 'RATE_LIMIT_EXCEEDED' })
  at.move(901)
  assert.ok(await at.signIn(email, { totp: code(), address: '192.0.2.99' }))
})

test('a recovery code stands for one code, once, however it is typed', async () => {
  const at = makeSignIn(database)
  const { email, recoveryCodes } = await withSecondFactor(at)
  assert.equal(new Set(recoveryCodes).size, 10)
  const [first, second] = recoveryCodes as [string, string]
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => at.signIn(email, { totp: first })))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.ok(await at.signIn(email, { totp: second.toUpperCase().replaceAll('-', ' ') }))
})

test('a second factor is in force only after a right code, and is replaced only after it was turned off', async () => {
  const at = makeSignIn(database)
  const { email } = await at.makeMember()
  const ctx = await at.ctxOf((await at.signIn(email)).token)
  const own = { ...at.outside, issuer: 'Parley', remember }
  const address = undefined
  await assert.rejects(confirmTotp(ctx, '000000', own), { code: 'CONFLICT' })
  await assert.rejects(enrolTotp(ctx, { password: 'wrong', address }, own), {
    code: 'UNPROCESSABLE',
    param: 'password',
  })
  await enrolTotp(ctx, { password, address }, own)
  await assert.rejects(confirmTotp(ctx, '000000', own), { code: 'UNPROCESSABLE', param: 'code' })
  assert.ok(await at.signIn(email), 'not in force yet')
  const enrolment = await enrolTotp(ctx, { password, address }, own)
  const code = () => codeOf(fromBase32(enrolment.secret), stepAt(at.clock.now()))
  await confirmTotp(ctx, code(), own)
  await assert.rejects(confirmTotp(ctx, code(), own), { code: 'CONFLICT' })
  await assert.rejects(enrolTotp(ctx, { password, address }, own), { code: 'CONFLICT' })
  at.move(60)
  await assert.rejects(disableTotp(ctx, { password, code: '000000', address }, own), {
    code: 'UNPROCESSABLE',
    param: 'code',
  })
  await assert.rejects(disableTotp(ctx, { password: 'wrong', code: code(), address }, own), { code: 'UNPROCESSABLE' })
  await disableTotp(ctx, { password, code: code(), address }, own)
  assert.ok(await at.signIn(email))
  await assert.rejects(disableTotp(ctx, { password, code: '000000', address }, own), { code: 'CONFLICT' })
})

test('the secret of a second factor is sealed, and its recovery codes are hashed', async () => {
  const at = makeSignIn(database)
  const { userId, secret, recoveryCodes } = await withSecondFactor(at)
  const factor = await system
    .selectFrom('totp_factors')
    .selectAll()
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  assert.ok(!Buffer.from(factor.sealed).includes(fromBase32(secret)))
  const codes = await system.selectFrom('recovery_codes').selectAll().where('user_id', '=', userId).execute()
  assert.equal(codes.length, 10)
  for (const code of recoveryCodes)
    assert.ok(!codes.some(({ hash }) => Buffer.from(hash).toString('latin1').includes(code)))
})
