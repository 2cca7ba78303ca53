import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { openTestApp } from '../../../test/app.ts'
import { type Browser, createBrowser } from '../../../test/browser.ts'
import { startIssuer, type TestIssuer } from '../../../test/issuer.ts'
import { logInAt, startProvider } from '../../../test/provider.ts'
import { toWireId } from '../../base/ids.ts'
import { OidcConnection } from '../../domain/oidc/index.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { addMember, createUser, type Role } from '../../domain/users/index.ts'

export type Json = Record<string, unknown>
export type Refusal = { error: { code: string; message: string; param?: string; details?: { reason?: string } } }

export const password = 'correct horse battery'

export type Place = { workspaceId: string; key: string; wireId: string }

export type Wanted = { returnTo?: string; verifier?: string }

/** A port that nobody else gets until it is released. */
const holdPort = async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const release = async () => {
    holder.close()
    await once(holder, 'close')
  }
  return { port: (holder.address() as AddressInfo).port, release }
}

export const freePort = async (): Promise<number> => {
  const { port, release } = await holdPort()
  await release()
  return port
}

/** Who is told what, with this status. */
export const refusal = async (response: Response, status: number): Promise<Refusal['error']> => {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (JSON.parse(text) as Refusal).error
}

/** A server whose members sign in with a certified provider, or with one that lies, and what its tests do to them. */
export const openSignIns = async () => {
  // The provider knows the address that it leads back to, so the port is chosen before anything is built.
  const { port, release } = await holdPort()
  const base = `http://127.0.0.1:${port}`
  /** Milliseconds that the server's clock is ahead. */
  const time = { ahead: 0 }
  const clock = { now: () => new Date(Date.now() + time.ahead) }
  const app = await openTestApp({ clock, settings: { publicUrl: base } })
  await release()
  await app.app.listen({ port, host: '127.0.0.1' })
  const provider = await startProvider(`${base}/v1/auth/oidc/callback`)
  const { system } = app.database
  const issuers: TestIssuer[] = []
  const close = async () => {
    await provider.close()
    for (const issuer of issuers) await issuer.close()
    await app.close()
  }

  const newPerson = async (workspaceId: string | undefined, role: Role = 'developer') => {
    const now = new Date(Date.now() - 60_000)
    const email = `${randomUUID()}@acme.test`
    const userId = await createUser(system, { email, name: 'Ada', password, now })
    if (workspaceId !== undefined) await addMember(system, { workspaceId, userId, role, now })
    return { email, userId }
  }

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

  /** Somebody who came by an invite, as whoever holds its token makes them. */
  const newInvited = async ({ key }: Pick<Place, 'key'>, email = `${randomUUID()}@acme.test`, role: Role = 'agent') => {
    const invite = await app.call('POST', '/v1/invites', { key, body: { email, role } })
    const { token } = invite.json<{ token: string }>()
    const accepted = await app.call('POST', '/v1/invites/accept', { body: { token, name: 'Grace', password } })
    assert.equal(accepted.status, 201, accepted.text)
    return { email, userId: accepted.json<{ user_id: string }>().user_id }
  }

  const refusedAtSignIn = async (place: Place, subject: string): Promise<string> => {
    const browser = createBrowser()
    return (await refusal(await browser.visit(await dance(browser, place, subject)), 403)).message
  }

  const isAlive = async (token: string): Promise<boolean> =>
    (await app.call('GET', '/v1/users/me', { key: token })).status === 200

  /** An owner who has signed in, as the one who names the provider. */
  const ownerOf = async ({ workspaceId }: Place): Promise<string> => {
    const { email } = await newPerson(workspaceId, 'owner')
    return (await app.call('POST', '/v1/auth/login', { body: { email, password } })).json<{ token: string }>().token
  }

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
    return browser.visit(
      `${base}/v1/auth/oidc/callback/${place.wireId}?code=any&state=${url.searchParams.get('state')}`,
    )
  }

  return {
    port,
    base,
    time,
    app,
    provider,
    system,
    close,
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
    newInvited,
    refusedAtSignIn,
    isAlive,
    ownerOf,
    newIssuer,
    comeBack,
  }
}
