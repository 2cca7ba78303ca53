import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import test, { after } from 'node:test'
import { createBrowser } from '../../../test/browser.ts'
import { strangerKey } from '../../../test/issuer.ts'
import { OidcConnection } from '../../domain/oidc/index.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { freePort, type Json, openSignIns, type Refusal, refusal } from './oidc.fixture.ts'

const signIns = await openSignIns()
after(signIns.close)
const {
  base,
  time,
  app,
  provider,
  system,
  newPlace,
  connect,
  startUrl,
  begin,
  membersOf,
  linksOf,
  auditOf,
  eventsOf,
  newIssuer,
  comeBack,
} = signIns

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
  time.ahead = 601_000
  await begin(createBrowser(), place)
  time.ahead = 0
  assert.equal(issuer.asked.length, 2)
})
