import assert from 'node:assert/strict'
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import test, { after } from 'node:test'
import { openTestApp } from '../../../test/app.ts'
import { type Browser, createBrowser } from '../../../test/browser.ts'
import { startIssuer, strangerKey, type TestIssuer } from '../../../test/issuer.ts'
import { giveUpAt, logInAt, startProvider } from '../../../test/provider.ts'
import { fromWireId, toWireId } from '../../base/ids.ts'
import { OidcConnection, purgeSignIns } from '../../domain/oidc/index.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { addMember, createUser, hashSecretToken, type Role } from '../../domain/users/index.ts'

type Json = Record<string, unknown>
type Refusal = { error: { code: string; message: string; param?: string; details?: { reason?: string } } }

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

// The provider knows the address that it leads back to, so the port is chosen before anything is built.
const port = await freePort()
const base = `http://127.0.0.1:${port}`
let ahead = 0
const clock = { now: () => new Date(Date.now() + ahead) }
const app = await openTestApp({ clock, settings: { publicUrl: base } })
await app.app.listen({ port, host: '127.0.0.1' })
const provider = await startProvider(`${base}/v1/auth/oidc/callback`)
const { system } = app.database
const issuers: TestIssuer[] = []
after(async () => {
  await provider.close()
  for (const issuer of issuers) await issuer.close()
  await app.close()
})

const password = 'correct horse battery'

const newPerson = async (workspaceId: string | undefined, role: Role = 'developer') => {
  const now = new Date(Date.now() - 60_000)
  const email = `${randomUUID()}@acme.test`
  const userId = await createUser(system, { email, name: 'Ada', password, now })
  if (workspaceId !== undefined) await addMember(system, { workspaceId, userId, role, now })
  return { email, userId }
}

type Place = { workspaceId: string; key: string; wireId: string }

/** A workspace whose members sign in with a provider; the connection is set up by a key unless a session is given. */
const newPlace = async (settings: Json = {}, by: { issuer: string; client: Json } = provider): Promise<Place> => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  const place = { workspaceId, key, wireId: toWireId('workspace', workspaceId) }
  await connect(place, settings, by)
  return place
}

const connect = async (
  { key }: Pick<Place, 'key'>,
  settings: Json = {},
  by: { issuer: string; client: Json } = provider,
) => {
  const made = await app.call('PUT', '/v1/oidc-connection', {
    key,
    body: { issuer: by.issuer, ...by.client, ...settings },
  })
  assert.equal(made.status, 200, made.text)
  return OidcConnection.parse(made.json())
}

type Wanted = { returnTo?: string; verifier?: string }

const startUrl = ({ wireId }: Place, { returnTo, verifier }: Wanted = {}): string => {
  const url = new URL(`${base}/v1/auth/oidc/start?workspace=${wireId}`)
  if (returnTo !== undefined) url.searchParams.set('return_to', returnTo)
  if (verifier !== undefined)
    url.searchParams.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'))
  return url.href
}

const begin = async (browser: Browser, place: Place, wanted?: Wanted): Promise<string> => {
  const response = await browser.visit(startUrl(place, wanted))
  assert.equal(response.status, 302, await response.clone().text())
  return response.headers.get('location')!
}

/** The address of the callback that the provider leads to after a login there. */
const dance = async (browser: Browser, place: Place, subject: string, wanted?: Wanted): Promise<string> =>
  logInAt(provider, browser, { url: await begin(browser, place, wanted), subject })

/** Signs in up to the page that the sign-in leads to, and returns the address of that page. */
const comeHome = async (browser: Browser, place: Place, subject: string, wanted: Wanted): Promise<URL> => {
  const response = await browser.visit(await dance(browser, place, subject, wanted))
  assert.equal(response.status, 302, await response.clone().text())
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
  return new URL(response.headers.get('location')!)
}

/** As a page of this server does it, in a browser that may have signed in. */
const exchangeIn = (browser: Browser, body: Json): Promise<Response> =>
  browser.visit(`${base}/v1/auth/oidc/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const signIn = async (place: Place, subject: string, browser = createBrowser()) => {
  const response = await browser.visit(await dance(browser, place, subject))
  assert.equal(response.status, 200, await response.clone().text())
  return SignedIn.parse(await response.json())
}

const refusal = async (response: Response, status: number): Promise<Refusal['error']> => {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (JSON.parse(text) as Refusal).error
}

const known = (email: string, more: Json = {}): string => {
  const subject = `sub-${randomUUID()}`
  provider.accounts.set(subject, { email, email_verified: true, name: 'Grace Hopper', ...more })
  return subject
}

const membersOf = async ({ workspaceId }: Place): Promise<{ user_id: string; role: string }[]> =>
  system.selectFrom('members').select(['user_id', 'role']).where('workspace_id', '=', workspaceId).execute()

const linksOf = async ({ workspaceId }: Place) =>
  system.selectFrom('oidc_identities').selectAll().where('workspace_id', '=', workspaceId).execute()

const auditOf = async ({ workspaceId }: Place): Promise<string[]> => {
  const rows = await system
    .selectFrom('audit_logs')
    .select('action')
    .where('workspace_id', '=', workspaceId)
    .orderBy('id')
    .execute()
  return rows.map(({ action }) => action)
}

const eventsOf = async ({ workspaceId }: Place) =>
  system
    .selectFrom('event_outbox')
    .select(['type', 'head', 'tail'])
    .where('workspace_id', '=', workspaceId)
    .orderBy('id')
    .execute()

// --- With a certified provider ---

test('a member signs in with their provider and gets what a login gives', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const signedIn = await signIn(place, known(email.toUpperCase()))
  assert.equal(signedIn.user.id, toWireId('user', userId))
  const me = await app.call('GET', '/v1/users/me', { key: signedIn.token })
  assert.equal(me.json().email, email)
  const refreshed = await app.call('POST', '/v1/auth/refresh', { body: { refresh_token: signedIn.refresh_token } })
  assert.equal(refreshed.status, 200)
  assert.deepEqual(await auditOf(place), ['oidc_connection.updated', 'member.linked', 'session.created'])
})

test('whoever signed in once is known by the subject, whatever their address has become', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  await signIn(place, subject)
  provider.accounts.set(subject, { email: `${randomUUID()}@other.test`, email_verified: false })
  assert.equal((await signIn(place, subject)).user.id, toWireId('user', userId))
  assert.equal((await linksOf(place)).length, 1)
  await connect(place)
  assert.equal((await linksOf(place)).length, 1)
  // Another provider may give the same subject to anybody.
  await connect(place, {}, await newIssuer())
  assert.deepEqual(await linksOf(place), [])
})

test('somebody new becomes a member where the workspace wants that, once however often they come', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['ACME.test'], default_role: 'agent' })
  const email = `${randomUUID()}@acme.test`
  const subject = known(email)
  const first = await signIn(place, subject)
  assert.equal((await app.call('GET', '/v1/users/me', { key: first.token })).status, 200)
  const second = await signIn(place, subject)
  assert.equal(second.user.id, first.user.id)
  assert.deepEqual([first.user.email, first.user.name], [email, 'Grace Hopper'])
  assert.deepEqual(
    (await membersOf(place)).map(({ role }) => role),
    ['agent'],
  )
  assert.deepEqual(
    (await eventsOf(place)).map(({ type }) => type),
    ['oidc_connection.updated', 'member.added'],
  )
  const login = await app.call('POST', '/v1/auth/login', { body: { email, password } })
  assert.equal(login.status, 401)
})

test('two first sign-ins at once make one member', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const subject = known(`${randomUUID()}@acme.test`)
  const browsers = [createBrowser(), createBrowser(), createBrowser()]
  const callbacks: [Browser, string][] = []
  for (const browser of browsers) callbacks.push([browser, await dance(browser, place, subject)])
  const answers = await Promise.all(callbacks.map(([browser, url]) => browser.visit(url)))
  // One that lost the race to make the account says so and may begin again.
  assert.ok(answers.some(({ status }) => status === 200))
  assert.ok(answers.every(({ status }) => status === 200 || status === 409))
  assert.equal((await membersOf(place)).length, 1)
})

test('two sign-ins in two tabs of one browser do not undo each other', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const browser = createBrowser()
  const first = await begin(browser, place)
  const second = await begin(browser, place)
  const subject = known(email)
  for (const url of [first, second])
    assert.equal((await browser.visit(await logInAt(provider, browser, { url, subject }))).status, 200)
})

test('a sign-in leads home with a code that buys tokens once, and no token in the address', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  for (const returnTo of [`${base}/app?x=1`, '/app?x=1']) {
    const browser = createBrowser()
    const led = await comeHome(browser, place, subject, { returnTo })
    const code = led.searchParams.get('code')!
    led.searchParams.delete('code')
    assert.equal(led.href, new URL(returnTo, base).href)
    const bought = await exchangeIn(browser, { code })
    assert.equal(bought.status, 200, await bought.clone().text())
    const { user, token } = SignedIn.parse(await bought.json())
    assert.equal(user.id, toWireId('user', userId))
    assert.equal((await app.call('GET', '/v1/users/me', { key: token })).status, 200)
    await refusal(await exchangeIn(browser, { code }), 401)
  }
})

test('a code is worth nothing in another browser, and is not used up there', async () => {
  const place = await newPlace()
  const [victim, stranger] = [await newPerson(place.workspaceId), await newPerson(place.workspaceId)]
  const [own, theirs] = [createBrowser(), createBrowser()]
  const codeOf = async (browser: Browser, email: string) =>
    (await comeHome(browser, place, known(email), { returnTo: '/app' })).searchParams.get('code')!
  const [code, strange] = [await codeOf(own, victim.email), await codeOf(theirs, stranger.email)]
  // Somebody is led to the page with the code of a stranger, and a stranger has found a code of theirs.
  await refusal(await exchangeIn(own, { code: strange }), 401)
  await refusal(await exchangeIn(theirs, { code }), 401)
  await refusal(await exchangeIn(createBrowser(), { code }), 401)
  await refusal(await exchangeIn(createBrowser(), { code, code_verifier: 'x'.repeat(43) }), 401)
  for (const [browser, held, { userId }] of [
    [own, code, victim],
    [theirs, strange, stranger],
  ] as const) {
    const bought = await exchangeIn(browser, { code: held })
    assert.equal(SignedIn.parse(await bought.json()).user.id, toWireId('user', userId))
  }
})

test('a client of another site buys the tokens with the verifier of its challenge, and nobody does without', async () => {
  const home = 'https://desk.acme.test/signed-in?from=parley'
  const place = await newPlace({ allowed_return_urls: [home] })
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  const browser = createBrowser()
  const verifier = randomBytes(32).toString('base64url')
  const led = await comeHome(browser, place, subject, { returnTo: home, verifier })
  const code = led.searchParams.get('code')!
  led.searchParams.delete('code')
  assert.equal(led.href, home)
  for (const body of [{ code }, { code, code_verifier: randomBytes(32).toString('base64url') }])
    await refusal(await exchangeIn(browser, body), 401)
  assert.equal((await exchangeIn(browser, { code, code_verifier: 'short' })).status, 400)
  const body = { code, code_verifier: verifier }
  const bought = await app.call('POST', '/v1/auth/oidc/exchange', { body })
  assert.equal(SignedIn.parse(bought.json()).user.id, toWireId('user', userId))
  assert.equal((await app.call('POST', '/v1/auth/oidc/exchange', { body })).status, 401)
  const without = await browser.visit(startUrl(place, { returnTo: home }))
  assert.equal((await refusal(without, 400)).param, 'code_challenge')
  // A page of this server may bring a challenge too: then the cookie of its browser says nothing.
  const here = await comeHome(browser, place, subject, { returnTo: '/app', verifier })
  const second = here.searchParams.get('code')!
  await refusal(await exchangeIn(browser, { code: second }), 401)
  assert.equal((await exchangeIn(browser, { code: second, code_verifier: verifier })).status, 200)
})

test('a code is good for a minute, and for a member only', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  const browser = createBrowser()
  const codeFor = async () => (await comeHome(browser, place, subject, { returnTo: '/app' })).searchParams.get('code')!
  const late = await codeFor()
  ahead = 61_000
  const refused = await exchangeIn(browser, { code: late })
  ahead = 0
  assert.equal(refused.status, 401)
  const removed = await codeFor()
  await system.deleteFrom('members').where('user_id', '=', userId).execute()
  await refusal(await exchangeIn(browser, { code: removed }), 401)
})

test('a sign-in leads nowhere but to this server and the allowed addresses', async () => {
  const place = await newPlace({ allowed_return_urls: ['https://desk.acme.test/in'] })
  for (const returnTo of [
    'https://evil.test/',
    'https://desk.acme.test/in?x=1',
    'https://desk.acme.test/in/',
    '//evil.test/',
    '\\\\evil.test',
    'javascript:alert(1)',
    `${base}@evil.test/`,
    `http://x:y@127.0.0.1:${port}/`,
    `http://127.0.0.1:${port + 1}/`,
    'data:text/html,x',
  ]) {
    const response = await createBrowser().visit(startUrl(place, { returnTo, verifier: 'any' }))
    assert.equal((await refusal(response, 400)).param, 'return_to', returnTo)
  }
})

test('a refusal at the provider is told, and changes nothing', async () => {
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] })
  const browser = createBrowser()
  const callback = await giveUpAt(provider, browser, await begin(browser, place))
  const error = await refusal(await browser.visit(callback), 401)
  assert.equal(error.details?.reason, 'access_denied')
  assert.deepEqual([await membersOf(place), await linksOf(place)], [[], []])
  const homeward = await giveUpAt(provider, browser, await begin(browser, place, { returnTo: '/app' }))
  const led = new URL((await browser.visit(homeward)).headers.get('location')!)
  assert.deepEqual([led.pathname, led.searchParams.get('error')], ['/app', 'unauthorized'])
  assert.equal(led.searchParams.get('code'), null)
})

test('an answer counts once, in its own browser, within ten minutes', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const subject = known(email)
  const browser = createBrowser()
  const callback = await dance(browser, place, subject)
  await refusal(await createBrowser().visit(callback), 401)
  const name = `parley_oidc_${new URL(callback).searchParams.get('state')!.slice(0, 16)}`
  for (const value of ['', `browser_${'x'.repeat(43)}`])
    await refusal(await fetch(callback, { headers: { cookie: `${name}=${value}` } }), 401)
  // What was sealed for another sign-in, though of the same workspace, does not open this one.
  const started = await createBrowser().visit(startUrl(place))
  const another = /=([\w-]+);/.exec(started.headers.getSetCookie()[0]!)![1]!
  await refusal(await fetch(callback, { headers: { cookie: `${name}=${another}` } }), 401)
  // A stranger who shows the state has not used it up.
  assert.equal((await browser.visit(callback)).status, 200)
  await refusal(await browser.visit(callback), 401)
  const late = await dance(browser, place, subject)
  ahead = 601_000
  const response = await browser.visit(late)
  ahead = 0
  await refusal(response, 401)
  const unknown = `${base}/v1/auth/oidc/callback/${place.wireId}?code=x&state=${'s'.repeat(43)}`
  await refusal(await browser.visit(unknown), 401)
  await refusal(await browser.visit(`${base}/v1/auth/oidc/callback/${place.wireId}?code=x`), 400)
})

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

/** Somebody who came by an invite, as whoever holds its token makes them. */
const newInvited = async ({ key }: Pick<Place, 'key'>, email = `${randomUUID()}@acme.test`, role: Role = 'agent') => {
  const invite = await app.call('POST', '/v1/invites', { key, body: { email, role } })
  const { token } = invite.json<{ token: string }>()
  const accepted = await app.call('POST', '/v1/invites/accept', { body: { token, name: 'Grace', password } })
  assert.equal(accepted.status, 201, accepted.text)
  return { email, userId: accepted.json<{ user_id: string }>().user_id }
}

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
  ahead = 599_000
  const linked = await exchangeIn(browser, { code, password })
  ahead = 0
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
  ahead = 601_000
  const refused = await late.show()
  ahead = 0
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

const refusedAtSignIn = async (place: Place, subject: string): Promise<string> => {
  const browser = createBrowser()
  return (await refusal(await browser.visit(await dance(browser, place, subject)), 403)).message
}

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

const isAlive = async (token: string): Promise<boolean> =>
  (await app.call('GET', '/v1/users/me', { key: token })).status === 200

/** An owner who has signed in, as the one who names the provider. */
const ownerOf = async ({ workspaceId }: Place): Promise<string> => {
  const { email } = await newPerson(workspaceId, 'owner')
  return (await app.call('POST', '/v1/auth/login', { body: { email, password } })).json<{ token: string }>().token
}

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
  // An owner names the provider: then its word counts, until it is gone.
  await connect({ key: owner })
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

test('what a sign-in waits for is with its browser alone, sealed, and no row is made for it', async () => {
  const place = await newPlace()
  const response = await createBrowser().visit(startUrl(place))
  const cookie = response.headers.getSetCookie()[0]!
  assert.match(cookie, /^parley_oidc_[\w-]{16}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/)
  const url = new URL(response.headers.get('location')!)
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  assert.equal(url.searchParams.get('redirect_uri'), `${base}/v1/auth/oidc/callback/${place.wireId}`)
  const sealed = Buffer.from(/=([\w-]+);/.exec(cookie)![1]!, 'base64url').toString('latin1')
  for (const told of [url.searchParams.get('nonce')!, place.workspaceId, provider.issuer])
    assert.ok(!sealed.includes(told), told)
})

test('a stranger who begins sign-ins again and again leaves nothing behind and keeps nobody out', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const rows = async () => (await system.selectFrom('oidc_used_states').select('state_hash').execute()).length
  const before = await rows()
  for (let i = 0; i < 200; i++) {
    const { status } = await app.call('GET', `/v1/auth/oidc/start?workspace=${place.wireId}`, { from: '127.9.9.9' })
    assert.equal(status, 302)
  }
  assert.equal(await rows(), before)
  await signIn(place, known(email))
  assert.equal(await rows(), before + 1)
})

test('an answer is remembered for as long as it could count again', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const browser = createBrowser()
  const callback = await dance(browser, place, known(email))
  assert.equal((await browser.visit(callback)).status, 200)
  const state_hash = hashSecretToken(new URL(callback).searchParams.get('state')!)
  const isKept = async () =>
    (await system.selectFrom('oidc_used_states').select('expires_at').where('state_hash', '=', state_hash).execute())
      .length === 1
  await purgeSignIns(system, new Date())
  assert.ok(await isKept())
  await purgeSignIns(system, new Date(Date.now() + 601_000))
  assert.ok(!(await isKept()))
})

test('a return address that no browser could keep is refused before the browser goes anywhere', async () => {
  const place = await newPlace()
  const long = `/app?x=${'y'.repeat(1_900)}`
  const browser = createBrowser()
  const { email } = await newPerson(place.workspaceId)
  const home = await browser.visit(await dance(browser, place, known(email), { returnTo: long }))
  assert.equal(home.status, 302)
  const response = await createBrowser().visit(startUrl(place, { returnTo: `/app?x=${'\u20ac'.repeat(1_000)}` }))
  assert.equal((await refusal(response, 400)).param, 'return_to')
})

// --- With a provider that lies ---

const newIssuer = async (): Promise<TestIssuer> => {
  const issuer = await startIssuer()
  issuers.push(issuer)
  return issuer
}

/** Begins, and has the issuer answer the code with this id token; what the callback says. */
const comeBack = async (place: Place, issuer: TestIssuer, idToken: (nonce: string) => string, more: Json = {}) => {
  const browser = createBrowser()
  const url = new URL(await begin(browser, place))
  issuer.say('/token', {
    access_token: 'access',
    token_type: 'Bearer',
    id_token: idToken(url.searchParams.get('nonce')!),
    ...more,
  })
  return browser.visit(`${base}/v1/auth/oidc/callback/${place.wireId}?code=any&state=${url.searchParams.get('state')}`)
}

test('an id token that is not right in every part lets nobody in', async () => {
  const issuer = await newIssuer()
  const place = await newPlace({ create_members: true, allowed_email_domains: ['acme.test'] }, issuer)
  const person = { email: 'ada@acme.test', email_verified: true }
  const now = Math.floor(Date.now() / 1_000)
  const withSecret = (nonce: string): string => {
    const signed = issuer.idToken({ ...person, nonce }, { header: { alg: 'HS256' }, key: null }).slice(0, -1)
    return `${signed}.${createHmac('sha256', issuer.client.client_secret).update(signed).digest('base64url')}`
  }
  const bad: Record<string, [reason: string, (nonce: string) => string]> = {
    'alg none': [
      'unsupported_operation',
      (nonce) => issuer.idToken({ ...person, nonce }, { header: { alg: 'none' }, key: null }),
    ],
    'alg none, signed': [
      'unsupported_operation',
      (nonce) => issuer.idToken({ ...person, nonce }, { header: { alg: 'none' } }),
    ],
    'the client secret as a key': ['unsupported_operation', withSecret],
    'another key': ['invalid_response', (nonce) => issuer.idToken({ ...person, nonce }, { key: strangerKey() })],
    'a key that is not published': [
      'key_selection_failed',
      (nonce) => issuer.idToken({ ...person, nonce }, { header: { kid: 'two' } }),
    ],
    'no signature': ['invalid_response', (nonce) => issuer.idToken({ ...person, nonce }, { key: null })],
    expired: [
      'jwt_timestamp_check_failed',
      (nonce) => issuer.idToken({ ...person, nonce, iat: now - 900, exp: now - 600 }),
    ],
    'no end': ['invalid_response', (nonce) => issuer.idToken({ ...person, nonce, exp: undefined })],
    'another audience': [
      'jwt_claim_comparison_failed',
      (nonce) => issuer.idToken({ ...person, nonce, aud: 'somebody' }),
    ],
    'several audiences, for another': [
      'jwt_claim_comparison_failed',
      (nonce) => issuer.idToken({ ...person, nonce, aud: ['parley', 'x'], azp: 'x' }),
    ],
    'another issuer': [
      'jwt_claim_comparison_failed',
      (nonce) => issuer.idToken({ ...person, nonce, iss: 'https://login.acme.test' }),
    ],
    'another nonce': ['jwt_claim_comparison_failed', () => issuer.idToken({ ...person, nonce: 'of another sign-in' })],
    'no nonce': ['invalid_response', () => issuer.idToken(person)],
    'no subject': ['invalid_response', (nonce) => issuer.idToken({ ...person, nonce, sub: undefined })],
    nonsense: ['parse_error', () => 'a.b.c'],
  }
  for (const [name, [reason, idToken]] of Object.entries(bad)) {
    const { details } = await refusal(await comeBack(place, issuer, idToken), 401)
    assert.equal(details?.reason, `oauth_${reason}`, name)
  }
  await refusal(await comeBack(place, issuer, (nonce) => issuer.idToken({ ...person, nonce, sub: 'a\0b' })), 401)
  const none = await comeBack(place, issuer, () => '', { id_token: undefined })
  assert.equal(none.status, 401)
  assert.deepEqual([await membersOf(place), await linksOf(place)], [[], []])
  const right = await comeBack(place, issuer, (nonce) => issuer.idToken({ ...person, nonce, name: 'A\0da\n' }))
  assert.equal(right.status, 200, await right.clone().text())
  assert.equal(SignedIn.parse(await right.json()).user.name, 'A da')
})

test('a provider gets no code that another provider gave, though the browser is the right one', async () => {
  const [honest, evil] = [await newIssuer(), await newIssuer()]
  const [theirs, trap] = [await newPlace({}, honest), await newPlace({}, evil)]
  const redirectUri = new URL(await begin(createBrowser(), theirs)).searchParams.get('redirect_uri')
  const victim = createBrowser()
  const state = new URL(await begin(victim, trap)).searchParams.get('state')
  await refusal(await victim.visit(`${redirectUri}?code=of-the-honest-one&state=${state}`), 401)
  assert.ok(!evil.asked.includes('/token'))
})

test('whoever begins sign-ins again and again is limited like a stranger, not like a reader of pages', async () => {
  const asked = await app.call('GET', '/v1/auth/oidc/start?workspace=x', { from: '127.79.0.1' })
  assert.equal(asked.headers['x-ratelimit-limit'], '1200')
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

test('a sign-in ends with the issuer that it began with, or not at all', async () => {
  const issuer = await newIssuer()
  const place = await newPlace({}, issuer)
  const change = async (act: () => Promise<unknown>) => {
    const browser = createBrowser()
    const url = new URL(await begin(browser, place))
    await act()
    return browser.visit(
      `${base}/v1/auth/oidc/callback/${place.wireId}?code=any&state=${url.searchParams.get('state')}`,
    )
  }
  assert.match((await refusal(await change(() => connect(place)), 401)).message, /^This sign-in is unknown/)
  await connect(place, {}, issuer)
  await refusal(await change(() => app.call('DELETE', '/v1/oidc-connection', { key: place.key })), 404)
  assert.equal(issuer.asked.filter((path) => path === '/token').length, 0)
})

test('a provider that fails behind a sign-in is told as such', async () => {
  const issuer = await newIssuer()
  const place = await newPlace({}, issuer)
  issuer.answer('/token', (request) => request.socket.destroy())
  assert.equal((await comeBack(place, issuer, () => '')).status, 503)
  issuer.answer('/token', (_, response) =>
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}'),
  )
  assert.equal((await refusal(await comeBack(place, issuer, () => ''), 401)).details?.reason, 'invalid_client')
  issuer.answer('/token', (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('x'.repeat(400_000)),
  )
  assert.equal((await comeBack(place, issuer, () => '')).status, 401)
  issuer.answer('/token', (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end())
  assert.equal((await comeBack(place, issuer, () => '')).status, 401)
})

test('no word of a provider leads this server to a private address', async () => {
  const issuer = await newIssuer()
  const honest = {
    issuer: issuer.issuer,
    authorization_endpoint: `${issuer.issuer}/authorize`,
    token_endpoint: `${issuer.issuer}/token`,
    jwks_uri: `${issuer.issuer}/keys`,
  }
  issuer.say('/.well-known/openid-configuration', { ...honest, token_endpoint: 'http://169.254.169.254/latest/' })
  const place = await newPlace({}, issuer)
  const error = await refusal(await comeBack(place, issuer, () => ''), 503)
  assert.equal(error.details?.reason, 'address_refused')
  const live = await app.makeWorkspace('live')
  const liveKey = await app.makeKey({ workspaceId: live, mode: 'live' })
  for (const address of [
    provider.issuer,
    'https://127.0.0.1',
    'https://localhost',
    'https://10.0.0.1',
    'https://169.254.169.254',
    'https://[::1]',
    'http://login.acme.test',
    'ftp://login.acme.test',
    'https://user:x@login.acme.test',
    'nonsense',
  ]) {
    const body = { issuer: address, client_id: 'x', client_secret: 'y' }
    const refused = await app.call('PUT', '/v1/oidc-connection', { key: liveKey, body })
    assert.deepEqual([refused.status, refused.json<Refusal>().error.param], [422, 'issuer'], address)
  }
})

// --- The connection ---

test('a provider that does not answer, or says it is another, is not accepted', async () => {
  const issuer = await newIssuer()
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  const put = async (address: string) => {
    const response = await app.call('PUT', '/v1/oidc-connection', {
      key,
      body: { issuer: address, client_id: 'x', client_secret: 'y' },
    })
    return { status: response.status, error: response.json<Refusal>().error }
  }
  const discovery = '/.well-known/openid-configuration'
  const document = await (await fetch(issuer.issuer + discovery)).json()
  const whole = document as Json
  const refused = async (say: Json, address = issuer.issuer) => {
    issuer.say(discovery, say)
    const { status, error } = await put(address)
    assert.deepEqual([status, error.param], [422, 'issuer'], JSON.stringify(error))
    return error.message
  }
  assert.match(
    await refused({ ...whole, issuer: 'https://login.acme.test' }),
    /calls itself 'https:\/\/login\.acme\.test'/,
  )
  assert.match(await refused(whole, `${issuer.issuer}/`), /to the letter/)
  assert.match(await refused(whole, issuer.issuer + discovery), /to the letter/)
  await refused(whole, `${issuer.issuer}?x=1`)
  await refused({ ...whole, issuer: 7 })
  await refused({ ...whole, jwks_uri: undefined })
  await refused({ ...whole, authorization_endpoint: 'javascript:alert(1)' })
  await refused(whole, `http://127.0.0.1:${await freePort()}`)
  issuer.answer(discovery, (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
  await refused(whole)
  issuer.answer(discovery, (_, response) =>
    response.writeHead(302, { location: `${provider.issuer}${discovery}` }).end(),
  )
  await refused(whole)
  assert.equal((await app.call('GET', '/v1/oidc-connection', { key })).status, 404)
})

test('a connection is set up, read, replaced and removed, and its secret is in no answer, event or row', async () => {
  const place = await newPlace({ allowed_email_domains: ['acme.test'] })
  const read = await app.call('GET', '/v1/oidc-connection', { key: place.key })
  assert.equal(OidcConnection.parse(read.json()).redirect_uri, `${base}/v1/auth/oidc/callback/${place.wireId}`)
  assert.equal((await connect(place)).allowed_email_domains.length, 0)
  const kept = JSON.stringify([
    read.text,
    await eventsOf(place),
    await system.selectFrom('oidc_connections').selectAll().where('workspace_id', '=', place.workspaceId).execute(),
    await system.selectFrom('audit_logs').selectAll().where('workspace_id', '=', place.workspaceId).execute(),
  ])
  assert.ok(!kept.includes(provider.client.client_secret))
  assert.equal((await app.call('DELETE', '/v1/oidc-connection', { key: place.key })).status, 204)
  assert.equal((await app.call('DELETE', '/v1/oidc-connection', { key: place.key })).status, 404)
  assert.deepEqual((await auditOf(place)).at(-1), 'oidc_connection.deleted')
  assert.equal((await eventsOf(place)).at(-1)?.type, 'oidc_connection.deleted')
  assert.equal((await createBrowser().visit(startUrl(place))).status, 404)
  assert.equal((await createBrowser().visit(startUrl({ ...place, wireId: randomUUID() }))).status, 404)
})

test('nobody sets up a connection whose members could do more than they, or that lets the whole world in', async () => {
  const workspaceId = await app.makeWorkspace()
  const body = { issuer: provider.issuer, ...provider.client }
  const weak = await app.makeKey({ workspaceId, scopes: ['members:write'] })
  assert.equal((await app.call('PUT', '/v1/oidc-connection', { key: weak, body })).status, 403)
  const key = await app.makeKey({ workspaceId })
  const open = await app.call('PUT', '/v1/oidc-connection', { key, body: { ...body, create_members: true } })
  assert.deepEqual([open.status, open.json<Refusal>().error.param], [400, 'allowed_email_domains'])
  for (const wrong of [
    { default_role: 'owner' },
    { allowed_email_domains: ['*.acme.test'] },
    { allowed_email_domains: ['@acme.test'] },
    { allowed_return_urls: ['http://desk.acme.test/'] },
    { allowed_return_urls: ['javascript:alert(1)'] },
    { allowed_return_urls: ['https://desk.acme.test/#x'] },
  ])
    assert.equal((await app.call('PUT', '/v1/oidc-connection', { key, body: { ...body, ...wrong } })).status, 400)
})

test('what a provider says of itself is asked for once, however many begin', async () => {
  const issuer = await newIssuer()
  const place = await newPlace({}, issuer)
  for (let i = 0; i < 5; i++) await begin(createBrowser(), place)
  assert.equal(issuer.asked.length, 1)
  ahead = 601_000
  await begin(createBrowser(), place)
  ahead = 0
  assert.equal(issuer.asked.length, 2)
})
