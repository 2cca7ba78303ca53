import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { createBrowser } from '../../../test/browser.ts'
import { fromWireId, toWireId } from '../../base/ids.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { addMember, type Role } from '../../domain/users/index.ts'
import { type Json, openSignIns, type Place, password, refusal } from './oidc.fixture.ts'

const signIns = await openSignIns()
after(signIns.close)
const {
  time,
  app,
  provider,
  system,
  newPerson,
  newPlace,
  connect,
  startUrl,
  dance,
  comeHome,
  exchangeIn,
  signIn,
  known,
  membersOf,
  linksOf,
  auditOf,
  newInvited,
  refusedAtSignIn,
  isAlive,
  ownerOf,
  newIssuer,
} = signIns

test('whoever has no address that the provider has verified is not let in by it', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const { email } = await newPerson(place.workspaceId)
  const open = await newPlace()
  const { email: openEmail } = await newPerson(open.workspaceId)
  for (const [where, account] of [
    [place, { email, email_verified: false }],
    [place, { email, email_verified: undefined }],
    [place, { email: undefined }],
    [place, { email: `${randomUUID()}@evil.test` }],
    [place, { email: `${randomUUID()}@sub.acme.test` }],
    [place, { email: `x@acme.test@evil.test` }],
    [open, { email: openEmail, email_verified: false }],
    [open, { email: `${randomUUID()}@acme.test` }],
  ] as [Place, Json][]) {
    const browser = createBrowser()
    const error = await refusal(await browser.visit(await dance(browser, where, known(email, account))), 403)
    assert.ok(error.message.length > 0)
  }
  assert.deepEqual([(await membersOf(place)).length, await linksOf(place), await linksOf(open)], [1, [], []])
})

test('an account of another workspace is not linked by its address', async () => {
  const elsewhere = await app.makeWorkspace()
  const { email, userId } = await newPerson(elsewhere)
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const browser = createBrowser()
  await refusal(await browser.visit(await dance(browser, place, known(email))), 403)
  assert.deepEqual([await membersOf(place), await linksOf(place)], [[], []])
  const sessions = await system.selectFrom('sessions').select('id').where('user_id', '=', userId).execute()
  assert.deepEqual(sessions, [])
})

test('an address that the provider has given to somebody else opens nothing', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  await signIn(place, known(email))
  const browser = createBrowser()
  await refusal(await browser.visit(await dance(browser, place, known(email))), 403)
  assert.equal((await linksOf(place)).length, 1)
})

type Told = { error: { details?: Json } }

test('an account that came by an invite is linked once its password is shown, and only then', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const { email, userId } = await newInvited(place)
  const subject = known(email)
  const browser = createBrowser()
  const code = (await comeHome(browser, place, subject, { returnTo: '/app' })).searchParams.get('code')!
  const tells = async (body: Json) => {
    const answer = await exchangeIn(browser, body)
    assert.equal(answer.status, 401)
    return ((await answer.json()) as Told).error.details
  }
  assert.deepEqual(await tells({ code }), { password_required: true })
  assert.deepEqual(await tells({ code, password: 'not the password' }), { password_required: true })
  assert.deepEqual(await linksOf(place), [])
  // The password without the browser that signed in is worth nothing.
  await refusal(await exchangeIn(createBrowser(), { code, password }), 401)
  time.ahead = 300_000
  const linked = await exchangeIn(browser, { code, password })
  time.ahead = 0
  assert.equal(SignedIn.parse(await linked.json()).user.id, userId)
  await refusal(await exchangeIn(browser, { code, password }), 401)
  assert.equal((await linksOf(place)).length, 1)
  assert.equal((await auditOf(place)).filter((action) => action === 'member.linked').length, 1)
  // From then on the subject is enough, with and without a page.
  assert.equal((await signIn(place, subject)).user.id, userId)
})

test('whoever accepted an invite in the name of somebody else keeps nothing of what they sign in to', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  // The token is told to the inviter, who makes the account of a person to come with a password of their own.
  const { email, userId } = await newInvited(place)
  const browser = createBrowser()
  const error = await refusal(await browser.visit(await dance(browser, place, known(email))), 403)
  assert.equal(error.details?.reason, 'password_required')
  const { searchParams } = await comeHome(browser, place, known(email), { returnTo: '/app' })
  await refusal(await exchangeIn(browser, { code: searchParams.get('code')! }), 401)
  assert.deepEqual(await linksOf(place), [])
  const sessions = await system.selectFrom('sessions').select('id').where('user_id', '=', fromWireId('user', userId)!)
  assert.deepEqual(await sessions.execute(), [])
})

test('what waits for a password ends with ten minutes, with the membership and with the connection', async () => {
  const place = await newPlace()
  const waiting = async () => {
    const { email, userId } = await newInvited(place)
    const browser = createBrowser()
    const led = await comeHome(browser, place, known(email), { returnTo: '/app' })
    const body = { code: led.searchParams.get('code')!, password }
    return { userId, show: () => exchangeIn(browser, body) }
  }
  const late = await waiting()
  time.ahead = 601_000
  const refused = await late.show()
  time.ahead = 0
  assert.equal(refused.status, 401)
  const removed = await waiting()
  await app.call('DELETE', `/v1/members/${removed.userId}`, { key: place.key })
  await refusal(await removed.show(), 401)
  const promoted = await waiting()
  const owner = await newPerson(place.workspaceId, 'owner')
  const login = await app.call('POST', '/v1/auth/login', { body: { email: owner.email, password } })
  const { token } = login.json<{ token: string }>()
  const path = `/v1/members/${promoted.userId}`
  assert.equal((await app.call('PATCH', path, { key: token, body: { role: 'owner' } })).status, 200)
  assert.match((await refusal(await promoted.show(), 403)).message, /^Owners sign in with their password/)
  const moved = await waiting()
  await connect(place, {}, await newIssuer())
  await refusal(await moved.show(), 401)
  assert.deepEqual(await linksOf(place), [])
})

test('owners sign in only where an owner has set the connection up', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId, 'owner')
  const subject = known(email)
  const browser = createBrowser()
  await refusal(await browser.visit(await dance(browser, place, subject)), 403)
  assert.deepEqual(await linksOf(place), [])
  const { token } = (await app.call('POST', '/v1/auth/login', { body: { email, password } })).json<{ token: string }>()
  assert.equal((await connect({ key: token })).signs_in_owners, true)
  await signIn(place, subject)
  assert.equal((await connect(place)).signs_in_owners, false)
  await refusal(await browser.visit(await dance(browser, place, subject)), 403)
})

test('a removed member is let in no more, though the provider may make members, until they are invited', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const email = `${randomUUID()}@acme.test`
  const subject = known(email)
  const { user, token } = await signIn(place, subject)
  const remove = async () =>
    assert.equal((await app.call('DELETE', `/v1/members/${user.id}`, { key: place.key })).status, 204)
  const invite = async (role: Role) => {
    const made = await app.call('POST', '/v1/invites', { key: place.key, body: { email, role } })
    assert.equal(made.status, 201, made.text)
    return made.json<{ id: string }>().id
  }
  await remove()
  assert.equal((await app.call('GET', '/v1/users/me', { key: token })).status, 401)
  for (let i = 0; i < 2; i++)
    assert.match(await refusedAtSignIn(place, subject), /^You were taken out of this workspace\. Ask for an invite/)
  // Another name at the provider, or the connection set up anew, does not change who they are.
  provider.accounts.set(subject, { email: `${randomUUID()}@acme.test`, email_verified: true })
  assert.match(await refusedAtSignIn(place, subject), /^You were taken out/)
  await app.call('DELETE', '/v1/oidc-connection', { key: place.key })
  await connect(place, { create_members: true, allowed_email_domains: ['acme.test'] })
  assert.match(await refusedAtSignIn(place, subject), /^You were taken out/)
  assert.match(await refusedAtSignIn(place, known(email)), /no member of this workspace\. Ask for an invite/)
  // An invite that was withdrawn is none.
  await app.call('DELETE', `/v1/invites/${await invite('admin')}`, { key: place.key })
  assert.match(await refusedAtSignIn(place, subject), /^You were taken out/)
  const id = await invite('agent')
  const back = await signIn(place, subject)
  assert.equal(back.user.id, user.id)
  assert.equal((await app.call('GET', '/v1/users/me', { key: back.token })).status, 200)
  assert.deepEqual(
    (await membersOf(place)).map(({ role }) => role),
    ['agent'],
  )
  const invites = (await app.call('GET', '/v1/invites', { key: place.key })).json<{ data: Json[] }>().data
  assert.equal(invites.find((found) => found.id === id)?.status, 'accepted')
  // The invite is used up with that.
  await remove()
  assert.match(await refusedAtSignIn(place, subject), /^You were taken out/)
  assert.equal((await membersOf(place)).length, 0)
})

test('an invite from before somebody came by the provider does not bring them back once they were taken out', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const email = `${randomUUID()}@acme.test`
  const subject = known(email)
  const invited = await app.call('POST', '/v1/invites', { key: place.key, body: { email, role: 'admin' } })
  const { user } = await signIn(place, subject)
  assert.equal((await app.call('DELETE', `/v1/members/${user.id}`, { key: place.key })).status, 204)
  assert.match(await refusedAtSignIn(place, subject), /^You were taken out/)
  const { token } = invited.json<{ token: string }>()
  const accepted = await app.call('POST', '/v1/invites/accept', { body: { token, name: 'Grace', password } })
  assert.equal(accepted.status, 404)
  assert.deepEqual(await membersOf(place), [])
})

test('an invite to be an owner lets nobody in by a provider that may not sign in owners', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  await signIn(place, subject)
  await app.call('DELETE', `/v1/members/${userId}`, { key: place.key })
  const owner = await newPerson(place.workspaceId, 'owner')
  const login = await app.call('POST', '/v1/auth/login', { body: { email: owner.email, password } })
  const { token } = login.json<{ token: string }>()
  const invited = await app.call('POST', '/v1/invites', { key: token, body: { email, role: 'owner' } })
  assert.equal(invited.status, 201, invited.text)
  assert.match(await refusedAtSignIn(place, subject), /^Owners sign in with their password here/)
  assert.deepEqual(
    (await membersOf(place)).map(({ user_id }) => user_id),
    [owner.userId],
  )
  await connect({ key: token })
  await signIn(place, subject)
})

test('a session of a provider that no owner has named never is that of an owner', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  const { token, refresh_token } = await signIn(place, subject)
  const owner = await ownerOf(place)
  const promoted = await app.call('PATCH', `/v1/members/${userId}`, { key: owner, body: { role: 'owner' } })
  assert.equal(promoted.status, 200)
  assert.ok(!(await isAlive(token)))
  assert.equal((await app.call('POST', '/v1/auth/refresh', { body: { refresh_token } })).status, 401)
  // An owner names a provider: its word counts from then on, until it is gone.
  await connect({ key: owner }, {}, await newIssuer())
  assert.ok(!(await isAlive(token)))
  await connect({ key: owner })
  assert.ok(!(await isAlive(token)))
  const own = await signIn(place, subject)
  assert.ok(await isAlive(own.token))
  await app.call('DELETE', '/v1/oidc-connection', { key: owner })
  assert.equal((await app.call('POST', '/v1/auth/refresh', { body: { refresh_token: own.refresh_token } })).status, 401)
  assert.ok(await isAlive(owner))
})

test('whoever is linked anew takes over no session of whoever was linked before', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const email = `${randomUUID()}@acme.test`
  const before = await signIn(place, known(email))
  await app.call('DELETE', '/v1/oidc-connection', { key: place.key })
  await connect(place)
  assert.ok(await isAlive(before.token))
  const subject = known(email)
  const now = await signIn(place, subject)
  assert.equal(now.user.id, before.user.id)
  const refreshed = { refresh_token: before.refresh_token }
  assert.equal((await app.call('POST', '/v1/auth/refresh', { body: refreshed })).status, 401)
  await signIn(place, subject)
  assert.ok(await isAlive(now.token))
})

test('a connection that is set up anew forgets who its members were at the provider', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  await signIn(place, known(email))
  await app.call('DELETE', '/v1/oidc-connection', { key: place.key })
  assert.deepEqual(await linksOf(place), [])
  await connect(place)
  await signIn(place, known(email))
})

test('a suspended workspace lets nobody begin, come back or exchange a code', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const subject = known(email)
  const browser = createBrowser()
  const coming = await browser.visit(await dance(browser, place, subject, { returnTo: '/app' }))
  const code = new URL(coming.headers.get('location')!).searchParams.get('code')
  const callback = await dance(browser, place, subject)
  await system.updateTable('workspaces').set({ status: 'suspended' }).where('id', '=', place.workspaceId).execute()
  await refusal(await browser.visit(callback), 403)
  await refusal(await browser.visit(startUrl(place)), 403)
  await refusal(await exchangeIn(browser, { code }), 403)
})

test('a sandbox signs in the members of its live workspace and makes none', async () => {
  const liveId = await app.makeWorkspace('live')
  const place = await newPlace()
  await system.updateTable('workspaces').set({ sandbox_of: liveId }).where('id', '=', place.workspaceId).execute()
  const { email, userId } = await newPerson(liveId)
  const { user, token } = await signIn(place, known(email))
  assert.equal(user.id, toWireId('user', userId))
  const accounts = await app.call('GET', '/v1/accounts', { key: token })
  assert.deepEqual(
    accounts.json<{ data: Json[] }>().data.map(({ id }) => id),
    [place.wireId],
  )
  const body = {
    issuer: provider.issuer,
    ...provider.client,
    create_members: true,
    allowed_email_domains: ['acme.test'],
  }
  assert.equal((await app.call('PUT', '/v1/oidc-connection', { key: place.key, body })).status, 422)
})

test('a provider that one workspace trusts opens nothing of a person in another', async () => {
  const place = await newPlace()
  const elsewhere = await app.makeWorkspace()
  const { email, userId } = await newPerson(place.workspaceId)
  await addMember(system, { workspaceId: elsewhere, userId, role: 'owner', now: new Date() })
  const login = async (workspaceId: string) => {
    const body = { email, password, workspace_id: workspaceId }
    return SignedIn.parse((await app.call('POST', '/v1/auth/login', { body })).json()).token
  }
  const [here, there] = [await login(place.workspaceId), await login(elsewhere)]
  const { token } = await signIn(place, known(email))
  const workspacesOf = async (key: string) =>
    (await app.call('GET', '/v1/sessions', { key })).json<{ data: { id: string; workspace_id: string }[] }>().data
  assert.deepEqual(
    (await workspacesOf(token)).map(({ workspace_id }) => workspace_id),
    [place.wireId, place.wireId],
  )
  const all = await workspacesOf(there)
  assert.equal(all.length, 3)
  const theirs = all.find(({ workspace_id }) => workspace_id !== place.wireId)!
  assert.equal((await app.call('DELETE', `/v1/sessions/${theirs.id}`, { key: token })).status, 404)
  assert.equal((await app.call('GET', '/v1/users/me', { key: there })).status, 200)
  assert.equal((await app.call('DELETE', `/v1/sessions/${theirs.id}`, { key: here })).status, 204)
})
