import { randomUUID } from 'node:crypto'
import { toWireId } from '../src/base/ids.ts'
import { codeOf, stepAt } from '../src/domain/users/totp.ts'
import { assetPath } from '../src/http/docs/assets.ts'
import type { Endpoint } from '../src/http/endpoint.ts'
import { startIssuer } from './issuer.ts'
import { expectSuccess, newSession, password, type Tenant } from './tenant.ts'

type Parents = Record<string, string>

const idOf = async (made: Promise<Record<string, unknown>>): Promise<string> => String((await made).id)

const firstOf = async (listed: Promise<Record<string, unknown>>): Promise<string> => {
  const { data } = (await listed) as { data: { id: string }[] }
  if (!data[0]) throw new Error('The list is empty, so there is no object to test with.')
  return data[0].id
}

const hour = { from: '2026-03-11T11:00:00Z', to: '2026-03-11T12:00:00Z' }
const webhook = { url: 'http://127.0.0.1:9/hook', events: ['*'] }

/**
 * Makes a real object for each `{id}` of a path, by the segment in front of it. A new kind of object needs a line here:
 * without one its endpoints fail the suite.
 */
export const objects: Record<string, (tenant: Tenant, parents: Parents) => Promise<string>> = {
  accounts: async ({ workspaceId }) => toWireId('workspace', workspaceId),
  'api-keys': (tenant) => idOf(tenant.post('/v1/api-keys', { name: 'Fixture', scopes: ['contacts:read'] })),
  // No object of the caller's: the place where a browser comes back to.
  callback: async ({ workspaceId }) => toWireId('workspace', workspaceId),
  docs: async () => 'errors',
  assets: async () => assetPath('quickstart').split('/').at(-1)!,
  members: async (tenant) => {
    const { token } = await tenant.post('/v1/invites', { email: `${randomUUID()}@acme.test`, role: 'viewer' })
    return String((await tenant.post('/v1/invites/accept', { token, name: 'Fixture', password })).user_id)
  },
  invites: (tenant) => idOf(tenant.post('/v1/invites', { email: `${randomUUID()}@acme.test`, role: 'viewer' })),
  sessions: async ({ app, owner: { email } }) => {
    // The suite tries wrong passwords on this account.
    await app.database.system.deleteFrom('sign_in_attempts').execute()
    const { token } = (await app.call('POST', '/v1/auth/login', { body: { email, password } })).json()
    const listed = (await app.call('GET', '/v1/sessions', { key: String(token) })).json<{
      data: { id: string; current: boolean }[]
    }>()
    return listed.data.find(({ current }) => current)!.id
  },
  contacts: (tenant) => idOf(tenant.post('/v1/contacts', { name: 'Fixture', tags: ['fixture'] })),
  agents: (tenant) => idOf(tenant.post('/v1/agents', { name: 'Fixture' })),
  'allowed-domains': async (tenant, { agents }) => {
    const agent = agents ?? (await idOf(tenant.post('/v1/agents', { name: 'Fixture' })))
    const added = await tenant.post(`/v1/agents/${agent}/allowed-domains`, { domain: `${randomUUID()}.example.com` })
    return String(added.domain)
  },
  'widget-keys': async (tenant, { agents }) =>
    idOf(
      tenant.post(`/v1/agents/${agents ?? (await idOf(tenant.post('/v1/agents', { name: 'Fixture' })))}/widget-keys`),
    ),
  visits: async ({ visit }) => visit.id,
  versions: (tenant, { agents }) => firstOf(tenant.get(`/v1/agents/${agents}/versions`)),
  conversations: (tenant) => idOf(tenant.post('/v1/conversations')),
  messages: async (tenant) =>
    idOf(
      tenant.post(`/v1/conversations/${await idOf(tenant.post('/v1/conversations'))}/messages`, { content: 'Fixture' }),
    ),
  'knowledge-sources': (tenant) =>
    idOf(tenant.post('/v1/knowledge-sources', { type: 'text', name: 'Fixture', content: 'Refunds take five days.' })),
  webhooks: (tenant) => idOf(tenant.post('/v1/webhooks', webhook)),
  backfills: async (tenant) => {
    const webhookId = await idOf(tenant.post('/v1/webhooks', webhook))
    return idOf(tenant.post('/v1/events/backfill', { ...hour, webhook_id: webhookId, mode: 'all' }))
  },
  events: async (tenant) => {
    await tenant.post('/v1/contacts', { name: 'Fixture' })
    await tenant.sequence()
    return firstOf(tenant.get('/v1/events?limit=1'))
  },
  'event-types': async () => 'contact.created',
  'request-logs': async (tenant) => {
    await tenant.get('/v1/agents')
    return firstOf(tenant.get('/v1/request-logs'))
  },
  'event-deliveries': async (tenant) => {
    const id = await idOf(tenant.post('/v1/webhooks', webhook))
    await tenant.post('/v1/contacts', { name: 'Fixture' })
    await tenant.sequence()
    return firstOf(tenant.get(`/v1/event-deliveries?webhook_id=${id}`))
  },
}

/** Objects that belong to no workspace: whoever may read one may read it anywhere. */
export const shared = new Set(['callback', 'docs', 'assets', 'event-types'])

/** Which object an id in a body or query names, by the prefix of its kind. */
export const objectsByPrefix: Record<string, string> = {
  cnt: 'contacts',
  conv: 'conversations',
  agt: 'agents',
  ks: 'knowledge-sources',
  wh: 'webhooks',
  bf: 'backfills',
  evt: 'events',
  key: 'api-keys',
  msg: 'messages',
}

/** A body that succeeds, where `{}` does not; two of different `n` differ. */
export const bodies: Record<string, (n: number) => Record<string, unknown>> = {
  accounts_create: (n) => ({ name: `Client ${n}` }),
  accounts_update: (n) => ({ name: `Client ${n}` }),
  api_keys_create: (n) => ({ name: `Key ${n}`, scopes: ['contacts:read'] }),
  api_keys_update: (n) => ({ name: `Key ${n}` }),
  api_keys_rotate: (n) => ({ grace_seconds: n }),
  auth_login: (n) => ({ email: `stranger${n}@acme.test`, password: 'x' }),
  users_update_me: (n) => ({ name: `Ada ${n}` }),
  users_enrol_totp: () => ({ password: 'x' }),
  users_confirm_totp: () => ({ code: '000000' }),
  users_disable_totp: () => ({ password: 'x', code: '000000' }),
  members_update: (n) => ({ role: n === 0 ? 'agent' : 'developer' }),
  invites_create: (n) => ({ email: `${randomUUID()}@acme.test`, role: n === 0 ? 'agent' : 'viewer' }),
  invites_accept: (n) => ({ token: `invite_${n}`, name: 'Fixture', password }),
  oidc_connection_update: (n) => ({
    issuer: issuer.issuer,
    ...issuer.client,
    allowed_email_domains: [`acme${n || ''}.test`],
  }),
  auth_oidc_exchange: (n) => ({ code: `code_${n}` }),
  contacts_create: (n) => ({ name: `Ada ${n}` }),
  contacts_update: (n) => ({ name: `Ada ${n}` }),
  agents_create: (n) => ({ name: `Agent ${n}` }),
  agents_update: (n) => ({ name: `Agent ${n}` }),
  agents_add_allowed_domain: (n) => ({ domain: `n${n}.example.com` }),
  widget_keys_create: (n) => ({ name: `Widget ${n}` }),
  widget_start_conversation: (n) => ({ metadata: { page: `/${n}` } }),
  widget_send_message: (n) => ({ message: `How long does refund ${n} take?` }),
  conversations_create: (n) => ({ subject: `Subject ${n}` }),
  conversations_update: (n) => ({ subject: `Subject ${n}` }),
  conversations_create_message: (n) => ({ content: `Message ${n}` }),
  knowledge_sources_create: (n) => ({ type: 'text', name: `Source ${n}`, content: 'Refunds take five days.' }),
  chat_send: (n) => ({ message: `How long does refund ${n} take?` }),
  klairo_create_contact: (n) => ({ name: `Ada ${n}` }),
  klairo_update_contact: (n) => ({ name: `Ada ${n}` }),
  klairo_webhooks_post: (n) => ({ ...webhook, description: `Webhook ${n}` }),
  // The webhook is made for each request; this one only has the right shape.
  backfills_create: (n) => ({
    ...hour,
    webhook_id: 'wh_01h455vb4pex5vsknk084sn02q',
    mode: n === 0 ? 'missing' : 'all',
  }),
  events_replay_many: (n) => ({ filter: { type: n === 0 ? 'contact.created' : 'contact.deleted' } }),
  webhooks_rotate_secret: (n) => ({ overlap_seconds: n }),
  webhooks_create: (n) => ({ ...webhook, description: `Webhook ${n}` }),
  webhooks_update: (n) => ({ description: `Webhook ${n}` }),
}

type Prepared = {
  key: string
  body?: Record<string, unknown>
  query?: string
  headers?: Record<string, string>
}

// A provider that members sign in with: every tenant may name it.
const issuer = await startIssuer()

/** Sets up the sign-in of members with a provider. */
export const connectProvider = async ({ app, key }: Tenant): Promise<void> => {
  const body = bodies.oidc_connection_update!(0)
  expectSuccess('PUT /v1/oidc-connection', await app.call('PUT', '/v1/oidc-connection', { key, body }))
}

/** A member who comes back from the provider, up to the request to the callback. */
const comingBack = async (tenant: Tenant, more = ''): Promise<Prepared> => {
  await connectProvider(tenant)
  const { email } = await newSession(tenant, 'developer')
  const start = `/v1/auth/oidc/start?workspace=${toWireId('workspace', tenant.workspaceId)}${more}`
  const { headers } = await tenant.app.call('GET', start)
  const { searchParams } = new URL(String(headers.location))
  const nonce = searchParams.get('nonce')
  const id_token = issuer.idToken({ sub: randomUUID(), email, email_verified: true, nonce })
  issuer.say('/token', { access_token: 'access', token_type: 'Bearer', id_token })
  const cookie = String(headers['set-cookie']).split(';')[0]!
  return { key: tenant.key, query: `?code=any&state=${searchParams.get('state')}`, headers: { cookie } }
}

const totpCode = (enrolment: Record<string, unknown>): string => {
  const bits = [...String(enrolment.secret)].map((c) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'),
  )
  const secret = Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map((byte) => Number.parseInt(byte, 2)),
  )
  return codeOf(secret, stepAt(new Date()))
}

const enrolled = async (tenant: Tenant) => {
  const { token: key } = await newSession(tenant)
  const enrolment = (await tenant.app.call('POST', '/v1/users/me/totp', { key, body: { password } })).json()
  return { key, code: totpCode(enrolment) }
}

/** Credential and body that succeed once, where they have to be made for each request. */
export const fresh: Record<string, (tenant: Tenant) => Promise<Prepared>> = {
  auth_login: async ({ key, owner }) => ({ key, body: { email: owner.email, password } }),
  auth_refresh: async (tenant) => ({
    key: tenant.key,
    body: { refresh_token: (await newSession(tenant)).refresh_token },
  }),
  auth_logout: async (tenant) => ({ key: (await newSession(tenant)).token, body: {} }),
  auth_oidc_start: async (tenant) => {
    await connectProvider(tenant)
    return { key: tenant.key, query: `?workspace=${toWireId('workspace', tenant.workspaceId)}` }
  },
  auth_oidc_callback: (tenant) => comingBack(tenant),
  auth_oidc_exchange: async (tenant) => {
    const { query, ...request } = await comingBack(tenant, '&return_to=/app')
    const { headers } = await tenant.app.call(
      'GET',
      `/v1/auth/oidc/callback/${toWireId('workspace', tenant.workspaceId)}${query}`,
      request,
    )
    const code = new URL(String(headers.location)).searchParams.get('code')
    return { key: tenant.key, headers: { cookie: String(headers['set-cookie']).split(';')[0]! }, body: { code } }
  },
  users_enrol_totp: async (tenant) => ({ key: (await newSession(tenant)).token, body: { password } }),
  users_confirm_totp: async (tenant) => {
    const { key, code } = await enrolled(tenant)
    return { key, body: { code } }
  },
  users_disable_totp: async (tenant) => {
    const { key, code } = await enrolled(tenant)
    const { recovery_codes } = (
      await tenant.app.call('POST', '/v1/users/me/totp/confirm', { key, body: { code } })
    ).json<{ recovery_codes: string[] }>()
    return { key, body: { password, code: recovery_codes[0] } }
  },
  backfills_create: async (tenant) => {
    const { id } = await tenant.post('/v1/webhooks', webhook)
    return { key: tenant.key, body: { ...hour, webhook_id: id, mode: 'missing' } }
  },
  events_stream: async ({ key }) => ({ key, query: '?follow=false' }),
  invites_accept: async (tenant) => {
    const { token } = await tenant.post('/v1/invites', { email: `${randomUUID()}@acme.test`, role: 'viewer' })
    return { key: tenant.key, body: { token, name: 'Fixture', password } }
  },
}

/** What must be so before the request succeeds, given the ids in its path. */
export const preparations: Record<string, (tenant: Tenant, ids: string[]) => Promise<unknown>> = {
  conversations_reopen: (tenant, [id]) => tenant.post(`/v1/conversations/${id}/resolve`),
  events_replay: (tenant) => tenant.post('/v1/webhooks', webhook),
  oidc_connection_get: connectProvider,
  oidc_connection_delete: connectProvider,
}

/** Another path to an endpoint is tested with what that endpoint is tested with. */
export const fixtureIdOf = ({ id, sameAs = id }: Endpoint): string => sameAs

export const bodyFor = (endpoint: Endpoint, n: number): Record<string, unknown> =>
  bodies[fixtureIdOf(endpoint)]?.(n) ?? {}
