import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { makeCtx } from '../../../test/make.ts'
import { toWireId } from '../../base/ids.ts'
import { makePerson, password } from '../../domain/users/people.fixture.ts'
import type { Endpoint, JsonReply } from '../endpoint.ts'
import { authEndpoints } from './auth.ts'
import { inviteEndpoints, memberEndpoints } from './members.ts'
import { sessionEndpoints } from './sessions.ts'
import { userEndpoints } from './users.ts'

const endpoints = [...authEndpoints, ...userEndpoints, ...memberEndpoints, ...inviteEndpoints, ...sessionEndpoints]
let app: TestApp

before(async () => {
  app = await openTestApp({ endpoints })
})
after(() => app.close())

type Json = Record<string, unknown>
type Failure = { error: { code: string; status: number; param?: string; details?: Json } }

const login = (body: unknown) => app.call('POST', '/v1/auth/login', { body })

const newPerson = async () => {
  const workspaceId = await app.makeWorkspace()
  return { workspaceId, ...(await makePerson(app.database, workspaceId)) }
}

const signIn = async (email: string) =>
  (await login({ email, password })).json<{ token: string; refresh_token: string; expires_at: string; user: Json }>()

const refused = (response: { status: number; json: <Body>() => Body }, status: number) => {
  assert.equal(response.status, status)
  return response.json<Failure>().error
}

/** Runs a handler as the server does for the holder of a token, and checks the answer by its declared schema. */
const callAs = async (token: string, id: string, more: { body?: Json; params?: Json } = {}): Promise<JsonReply> => {
  const endpoint: Endpoint = endpoints.find((one) => one.id === id) ?? assert.fail(id)
  const holder = (await app.deps.sessionCache.find(token)) ?? assert.fail('the session is over')
  const { userId, sessionId, scopes, workspaceId } = holder
  const ctx = { ...makeCtx(app.database, workspaceId), actor: { type: 'user', id: userId, sessionId, scopes } as const }
  const once = { resourceId: null, note: async () => undefined, remember: async () => undefined }
  const call = {
    ctx,
    deps: app.deps,
    headers: {},
    query: {},
    once,
    address: undefined,
    afterCommit: (run: () => void) => run(),
    ...more,
  }
  const reply = await endpoint.handler(call as unknown as Parameters<Endpoint['handler']>[0])
  if ('frames' in reply) assert.fail('no stream is expected')
  const schema = endpoint.responses[reply.status]
  assert.ok(schema === null ? reply.body === undefined : schema?.safeParse(reply.body).success, `${id} ${reply.status}`)
  return reply
}

test('a client of the printed page signs in', async () => {
  const { email, userId } = await newPerson()
  const response = await login({ email, password })
  assert.equal(response.status, 200)
  const answer = response.json()
  assert.match(String(answer.token), /^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]+\.[\w-]+$/)
  assert.match(String(answer.expires_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
  assert.deepEqual(answer.user, { id: toWireId('user', userId), email, name: 'Ada', plan: 'unlimited' })
})

test('missing and malformed fields are 400 and named, wrong ones 401 and not told apart', async () => {
  const { email } = await newPerson()
  const bodies = [
    {},
    { email },
    { password },
    { email: 'nobody', password },
    { email, password: '' },
    { email, password: 7 },
  ]
  for (const body of bodies) assert.ok(['email', 'password'].includes(refused(await login(body), 400).param!))
  for (const body of [
    { email, password: 'x'.repeat(1_001) },
    { email: `${'x'.repeat(330)}@x`, password },
  ])
    refused(await login(body), 400)
  const answers = [
    await login({ email, password: 'wrong' }),
    await login({ email: `${randomUUID()}@acme.test`, password }),
  ]
  const errors = answers.map((answer) => ({ ...refused(answer, 401), request_id: undefined }))
  assert.deepEqual(errors[0], errors[1])
})

test('too many failures are 429 with the seconds to wait, as header and in the body', async () => {
  const { email } = await newPerson()
  for (let i = 0; i < 10; i++) refused(await login({ email, password: 'wrong' }), 401)
  const response = await login({ email, password })
  assert.equal(response.status, 429)
  const { retry_after } = response.json<{ error: { retry_after: number } }>().error
  assert.equal(response.headers['retry-after'], String(retry_after))
})

test('a session is refreshed by its token without a body, and by its refresh token', async () => {
  const { email } = await newPerson()
  const first = await signIn(email)
  const byToken = await app.call('POST', '/v1/auth/refresh', { key: first.token })
  assert.equal(byToken.status, 200)
  const { refresh_token } = byToken.json()
  const byRefresh = await app.call('POST', '/v1/auth/refresh', { body: { refresh_token } })
  assert.equal(byRefresh.status, 200)
  assert.deepEqual(Object.keys(byRefresh.json()).sort(), ['expires_at', 'refresh_token', 'token', 'user'])
  const reused = await app.call('POST', '/v1/auth/refresh', { body: { refresh_token } })
  refused(reused, 401)
  assert.equal(await app.deps.sessionCache.find(first.token), undefined)
})

test('a refresh without a good token is 401, whatever it carries', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  for (const request of [
    {},
    { key },
    { key: 'eyJhbGciOiJub25lIn0.e30.' },
    { key: `eyJ${'x'.repeat(9_000)}` },
    { body: { refresh_token: 'x' } },
  ])
    refused(await app.call('POST', '/v1/auth/refresh', request), 401)
})

test('logging out ends the session at once', async () => {
  const { token } = await signIn((await newPerson()).email)
  assert.equal((await callAs(token, 'auth_logout')).status, 204)
  assert.equal(await app.deps.sessionCache.find(token), undefined)
  refused(await app.call('POST', '/v1/auth/refresh', { key: token }), 401)
})

test('sessions are listed and ended', async () => {
  const { email } = await newPerson()
  const [here, there] = [await signIn(email), await signIn(email)]
  const listed = (await callAs(here.token, 'sessions_list')).body as { data: { id: string; current: boolean }[] }
  assert.deepEqual(
    listed.data.map(({ current }) => current),
    [false, true],
  )
  const { sessionId } = (await app.deps.sessionCache.find(there.token))!
  await callAs(here.token, 'sessions_revoke', { params: { id: sessionId } })
  assert.equal(await app.deps.sessionCache.find(there.token), undefined)
})

test('users/me is what the page prints, for a session and for a key', async () => {
  const { email, userId, workspaceId } = await newPerson()
  const { token } = await signIn(email)
  const mine = (await callAs(token, 'users_get_me')).body as Json
  const byKey = await app.call('GET', '/v1/users/me', {
    key: await app.makeKey({ workspaceId, scopes: ['contacts:read'] }),
  })
  assert.equal(byKey.status, 200)
  assert.deepEqual(byKey.json(), mine)
  assert.deepEqual(Object.keys(mine), [
    'id',
    'name',
    'email',
    'avatar_url',
    'plan',
    'quota',
    'created_at',
    'last_seen_at',
  ])
  assert.equal(mine.id, toWireId('user', userId))
  refused(await app.call('GET', '/v1/users/me'), 401)
})

test('an account changes by its own session alone', async () => {
  const { email, workspaceId } = await newPerson()
  const { token } = await signIn(email)
  const { body } = await callAs(token, 'users_update_me', { body: { name: 'Grace' } })
  assert.equal((body as Json).name, 'Grace')
  const key = await app.makeKey({ workspaceId })
  refused(await app.call('PATCH', '/v1/users/me', { key, body: { name: 'Eve' } }), 403)
  for (const path of ['/v1/users/me/totp', '/v1/auth/logout'])
    refused(await app.call('POST', path, { key, body: { password } }), 403)
  refused(await app.call('GET', '/v1/sessions', { key }), 403)
  const half = refused(
    await app.call('PATCH', '/v1/users/me', { key: token, body: { new_password: 'a better password' } }),
    400,
  )
  assert.equal(half.param, 'current_password')
})

test('an invite goes from key to member over HTTP, and its token is shown once', async () => {
  const { workspaceId } = await newPerson()
  const key = await app.makeKey({ workspaceId })
  const email = `${randomUUID()}@acme.test`
  const request = { key, body: { email, role: 'agent' }, headers: { 'idempotency-key': randomUUID() } }
  const invited = await app.call('POST', '/v1/invites', request)
  assert.equal(invited.status, 201)
  assert.equal((await app.call('POST', '/v1/invites', request)).text, invited.text)
  const { token, id } = invited.json()
  assert.ok(!(await app.call('GET', '/v1/invites', { key })).text.includes(String(token)))
  const accepted = await app.call('POST', '/v1/invites/accept', { body: { token, name: 'Grace', password } })
  assert.equal(accepted.status, 201)
  const { user_id } = accepted.json()
  const changed = await app.call('PATCH', `/v1/members/${user_id}`, { key, body: { role: 'viewer' } })
  assert.equal(changed.json().role, 'viewer')
  const { token: session } = await signIn(email)
  assert.equal((await app.deps.sessionCache.find(session))?.role, 'viewer')
  assert.equal((await app.call('DELETE', `/v1/members/${user_id}`, { key })).status, 204)
  assert.equal(await app.deps.sessionCache.find(session), undefined)
  refused(await app.call('DELETE', `/v1/invites/${id}`, { key }), 409)
  refused(await app.call('POST', '/v1/invites/accept', { body: { token, name: 'Grace', password } }), 404)
})

test('a second factor is turned on over its endpoints', async () => {
  const { email } = await newPerson()
  const { token } = await signIn(email)
  const enrolled = (await callAs(token, 'users_enrol_totp', { body: { password } })).body as Json
  assert.match(String(enrolled.secret), /^[A-Z2-7]{32}$/)
  assert.ok(String(enrolled.otpauth_url).includes(String(enrolled.secret)))
  await assert.rejects(callAs(token, 'users_confirm_totp', { body: { code: '000000' } }), { code: 'UNPROCESSABLE' })
})
