import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { type Browser, createBrowser } from '../../../test/browser.ts'
import { giveUpAt, logInAt } from '../../../test/provider.ts'
import { toWireId } from '../../base/ids.ts'
import { purgeSignIns } from '../../domain/oidc/index.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { hashSecretToken } from '../../domain/users/index.ts'
import { openSignIns, password, refusal } from './oidc.fixture.ts'

const signIns = await openSignIns()
after(signIns.close)
const {
  port,
  base,
  time,
  app,
  provider,
  system,
  newPerson,
  newPlace,
  connect,
  startUrl,
  begin,
  dance,
  comeHome,
  exchangeIn,
  signIn,
  known,
  membersOf,
  linksOf,
  auditOf,
  eventsOf,
  newIssuer,
} = signIns

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
})

test('a stranger who has the browser of somebody else begin gets no code that they can use', async () => {
  const issuer = await newIssuer()
  const [trap, place] = [await newPlace({}, issuer), await newPlace()]
  const { email } = await newPerson(place.workspaceId)
  const browser = createBrowser()
  // Their own workspace, whose provider is told what comes to its callback; the browser holds what that answer needs.
  const state = new URL(await begin(browser, trap)).searchParams.get('state')!
  let told = ''
  issuer.answer('/token', (request, response) => {
    request.on('data', (bytes) => (told += bytes)).on('end', () => response.writeHead(400).end('{}'))
  })
  const returnTo = `/v1/auth/oidc/callback/${trap.wireId}?state=${state}`
  const verifier = randomBytes(32).toString('base64url')
  const begun = await browser.visit(startUrl(place, { returnTo, verifier }))
  assert.equal((await refusal(begun, 400)).param, 'code_challenge')
  // Without a challenge of theirs, the code that they hear of is good in that browser alone.
  await browser.visit((await comeHome(browser, place, known(email), { returnTo })).href)
  const code = new URLSearchParams(told).get('code')!
  assert.match(code, /^code_/)
  for (const body of [{ code }, { code, code_verifier: verifier }])
    assert.equal((await app.call('POST', '/v1/auth/oidc/exchange', { body })).status, 401)
})

test('a code is good for a minute, and for a member only', async () => {
  const place = await newPlace()
  const { email, userId } = await newPerson(place.workspaceId)
  const subject = known(email)
  const browser = createBrowser()
  const codeFor = async () => (await comeHome(browser, place, subject, { returnTo: '/app' })).searchParams.get('code')!
  const late = await codeFor()
  time.ahead = 61_000
  const refused = await exchangeIn(browser, { code: late })
  time.ahead = 0
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
  time.ahead = 601_000
  const response = await browser.visit(late)
  time.ahead = 0
  await refusal(response, 401)
  const unknown = `${base}/v1/auth/oidc/callback/${place.wireId}?code=x&state=${'s'.repeat(43)}`
  await refusal(await browser.visit(unknown), 401)
  await refusal(await browser.visit(`${base}/v1/auth/oidc/callback/${place.wireId}?code=x`), 400)
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

test('a browser that is made to begin again and again is not kept out by its cookies', async () => {
  const place = await newPlace()
  const { email } = await newPerson(place.workspaceId)
  const browser = createBrowser()
  for (let i = 0; i < 8; i++)
    assert.equal((await browser.visit(startUrl(place, { returnTo: `/app?x=${'y'.repeat(1_900)}` }))).status, 302)
  await signIn(place, known(email), browser)
})

test('whoever begins sign-ins again and again is limited like a stranger, not like a reader of pages', async () => {
  const asked = await app.call('GET', '/v1/auth/oidc/start?workspace=x', { from: '127.79.0.1' })
  assert.equal(asked.headers['x-ratelimit-limit'], '1200')
})
