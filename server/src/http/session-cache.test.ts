import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../test/database.ts'
import type { Database } from '../database/open.ts'
import { revokeSession } from '../domain/sessions/index.ts'
import { makeSignIn } from '../domain/sessions/signing-in.fixture.ts'
import { removeMember, updateMember } from '../domain/users/index.ts'
import { makePerson } from '../domain/users/people.fixture.ts'
import { createSessionCache } from './session-cache.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const start = async () => {
  const at = makeSignIn(database)
  const owner = await at.makeMember()
  const person = await makePerson(database, owner.workspaceId, 'viewer')
  const { token } = await at.signIn(person.email)
  const cache = createSessionCache({ database, tokens: at.tokens, clock: at.clock })
  return { ...at, owner, person, token, cache, ctx: await at.ctxOf(token) }
}

test('the holder of a session is found with its role and its rights', async () => {
  const { cache, token, owner, person } = await start()
  const holder = await cache.find(token)
  assert.deepEqual(
    [holder?.userId, holder?.workspaceId, holder?.role, holder?.mode],
    [person.userId, owner.workspaceId, 'viewer', 'sandbox'],
  )
  assert.ok(holder?.scopes.has('contacts:read') && !holder.scopes.has('contacts:write'))
})

test('a token that is not right costs no query', async () => {
  const { tokens, clock, token } = await start()
  const unreachable = new Proxy({}, { get: () => assert.fail('the database was asked') })
  const cache = createSessionCache({ database: { system: unreachable } as unknown as Database, tokens, clock })
  for (const wrong of ['', 'x', `${token}x`, token.slice(0, -2), `${token.split('.')[0]}..`, 'eyJ'.repeat(50_000)])
    assert.equal(await cache.find(wrong), undefined)
})

test('a session that was forgotten is over at once, and one that was not within a second', async () => {
  const { cache, token, ctx, move } = await start()
  const holder = await cache.find(token)
  await revokeSession(ctx, holder!.sessionId, { system })
  assert.ok(await cache.find(token), 'another process does not know yet')
  move(1)
  assert.equal(await cache.find(token), undefined)

  const again = await start()
  const { sessionId } = (await again.cache.find(again.token))!
  await revokeSession(again.ctx, sessionId, { system })
  again.cache.forget(sessionId)
  assert.equal(await again.cache.find(again.token), undefined)
})

test('a person that was forgotten is looked at anew', async () => {
  const { cache, token, owner, person } = await start()
  await cache.find(token)
  await updateMember(owner.ctx, { userId: person.userId, role: 'agent' })
  cache.forgetUser(person.userId)
  assert.equal((await cache.find(token))?.role, 'agent')
  await removeMember(owner.ctx, person.userId)
  cache.forgetUser(person.userId)
  assert.equal(await cache.find(token), undefined)
})

test('an end that comes while the session is being looked up is not lost', async () => {
  const { cache, token, ctx } = await start()
  const { sessionId } = (ctx.actor.type === 'user' && ctx.actor) || assert.fail()
  const looking = cache.find(token)
  const ending = revokeSession(ctx, sessionId, { system }).then(() => cache.forget(sessionId))
  await Promise.all([looking, ending])
  assert.equal(await cache.find(token), undefined)
})

test('a token of another person or workspace does not open a session by its id', async () => {
  const { cache, token, tokens, clock, owner } = await start()
  const claims = tokens.verify(token, clock.now())!
  for (const swapped of [{ userId: owner.userId }, { workspaceId: owner.userId }])
    assert.equal(await cache.find(tokens.sign({ ...claims, ...swapped })), undefined)
  assert.ok(await cache.find(token))
})

test('use is noted once a minute', async () => {
  const { cache, token, person, move, clock } = await start()
  const seen = async () =>
    (await system.selectFrom('users').select('last_seen_at').where('id', '=', person.userId).executeTakeFirstOrThrow())
      .last_seen_at
  const before = await seen()
  move(30)
  await cache.find(token)
  assert.deepEqual(await seen(), before)
  move(31)
  await cache.find(token)
  assert.ok(clock.now().getTime() - (await seen())!.getTime() < 5_000)
})
