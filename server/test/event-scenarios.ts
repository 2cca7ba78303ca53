import { randomUUID } from 'node:crypto'
import { fromWireId } from '../src/base/ids.ts'
import { transaction } from '../src/database/transaction.ts'
import { warnOfExpiry } from '../src/domain/api-keys/index.ts'
import { changePlan, takeChatMessage } from '../src/domain/plans/index.ts'
import { expireDeliveries } from '../src/domain/webhooks/index.ts'
import { connectProvider } from './endpoint-fixtures.ts'
import { makeCtx } from './make.ts'
import type { Receiver } from './receiver.ts'
import type { Tenant } from './tenant.ts'

type Json = Record<string, unknown>

/** A tenant, a place on the loopback that answers, and requests that no other fixture needs. */
export type Stage = {
  tenant: Tenant
  receiver: Receiver
  send: (method: 'PATCH' | 'DELETE', path: string, body?: Json) => Promise<Json | undefined>
}

const post = async ({ tenant }: Stage, path: string, body?: Json): Promise<string> =>
  String((await tenant.post(path, body)).id)

const contact = (stage: Stage) => post(stage, '/v1/contacts', { name: 'Alex Johnson' })
const conversation = (stage: Stage) => post(stage, '/v1/conversations')
const agent = (stage: Stage) => post(stage, '/v1/agents', { name: 'Sales' })
const webhook = ({ receiver, ...stage }: Stage) =>
  post({ receiver, ...stage }, '/v1/webhooks', { url: receiver.url, events: ['contact.deleted'] })
/** A webhook that has been in trouble for some hours, and an event on its way there. */
const troubled = async (stage: Stage, hours: number): Promise<void> => {
  const { app, workspaceId, post: create } = stage.tenant
  const made = await create('/v1/webhooks', { url: stage.receiver.url, events: ['contact.created'] })
  const since = new Date(Date.now() - hours * 3_600_000)
  await app.database.system
    .insertInto('webhook_troubles')
    .values({
      workspace_id: workspaceId,
      webhook_id: fromWireId('webhook', String(made.id))!,
      first_failure_at: since,
      missed_from: since,
      last_failure_at: since,
      failed_attempts: 5,
      failed_deliveries: 1,
    })
    .execute()
  await contact(stage)
}

const key = (stage: Stage) => post(stage, '/v1/api-keys', { name: 'Import', scopes: ['contacts:write'] })
const widgetKey = async (stage: Stage): Promise<string> => {
  const path = `/v1/agents/${await agent(stage)}/widget-keys`
  return `${path}/${await post(stage, path)}`
}
const source = (stage: Stage) =>
  post(stage, '/v1/knowledge-sources', {
    type: 'text',
    name: 'Refund policy',
    content: 'Refunds are paid within 14 days of the return.',
  })
const ask = ({ tenant }: Stage, message: string) => tenant.post('/v1/chat', { message })

const invite = async ({ tenant }: Stage): Promise<string> =>
  String((await tenant.post('/v1/invites', { email: `${randomUUID()}@acme.test`, role: 'agent' })).token)

const member = async (stage: Stage): Promise<string> => {
  const joined = { token: await invite(stage), name: 'Daniel Kmit', password: 'correct horse battery' }
  return String((await stage.tenant.post('/v1/invites/accept', joined)).user_id)
}

const readSource = async (stage: Stage): Promise<string> => {
  const id = await source(stage)
  for (;;) {
    const { status } = await stage.tenant.get(`/v1/knowledge-sources/${id}`)
    if (status === 'ready') return id
    if (status === 'failed') throw new Error('The source could not be read.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const putOnPlan = ({ app: { database }, workspaceId }: Tenant, planId: string) =>
  changePlan(makeCtx(database, workspaceId), { workspaceId, planId }, { system: database.system })

const account = (stage: Stage) => post(stage, '/v1/accounts', { name: 'Northwind Dental' })
const suspendedAccount = async (stage: Stage): Promise<string> => {
  const path = `/v1/accounts/${await account(stage)}`
  await stage.send('PATCH', path, { status: 'suspended' })
  return path
}

const dayMs = 86_400_000

/** What makes each kind of event fire, through the API wherever there is a way. A kind without a scenario fails its test. */
export const eventScenarios: Record<string, (stage: Stage) => Promise<unknown>> = {
  'account.created': account,
  'account.updated': async (stage) =>
    stage.send('PATCH', `/v1/accounts/${await account(stage)}`, { name: 'Northwind' }),
  'account.suspended': suspendedAccount,
  'account.resumed': async (stage) => stage.send('PATCH', await suspendedAccount(stage), { status: 'active' }),

  'api_key.created': key,
  'api_key.updated': async (stage) => stage.send('PATCH', `/v1/api-keys/${await key(stage)}`, { name: 'Export' }),
  'api_key.expiring': async (stage) => {
    const now = Date.now()
    const expires_at = new Date(now + 8 * dayMs).toISOString()
    await post(stage, '/v1/api-keys', { name: 'Trial', scopes: ['contacts:read'], expires_at })
    await warnOfExpiry(stage.tenant.app.database.system, new Date(now + 2 * dayMs))
  },
  'api_key.revoked': async (stage) => stage.send('DELETE', `/v1/api-keys/${await key(stage)}`),

  'invite.created': invite,
  'member.added': member,
  'member.updated': async (stage) => stage.send('PATCH', `/v1/members/${await member(stage)}`, { role: 'developer' }),
  'member.removed': async (stage) => stage.send('DELETE', `/v1/members/${await member(stage)}`),

  'widget_key.created': widgetKey,
  'widget_key.revoked': async (stage) => stage.send('DELETE', await widgetKey(stage)),

  'oidc_connection.updated': ({ tenant }) => connectProvider(tenant),
  'oidc_connection.deleted': async (stage) => {
    await connectProvider(stage.tenant)
    return stage.send('DELETE', '/v1/oidc-connection')
  },

  'contact.created': contact,
  'contact.updated': async (stage) => stage.send('PATCH', `/v1/contacts/${await contact(stage)}`, { company: 'Acme' }),
  'contact.deleted': async (stage) => stage.send('DELETE', `/v1/contacts/${await contact(stage)}`),

  'conversation.opened': conversation,
  'conversation.updated': async (stage) =>
    stage.send('PATCH', `/v1/conversations/${await conversation(stage)}`, { priority: 'high' }),
  'conversation.resolved': async (stage) => stage.tenant.post(`/v1/conversations/${await conversation(stage)}/resolve`),
  'conversation.reopened': async (stage) => {
    const id = await conversation(stage)
    await stage.tenant.post(`/v1/conversations/${id}/resolve`)
    await stage.tenant.post(`/v1/conversations/${id}/reopen`)
  },
  'conversation.handoff': (stage) => ask(stage, 'What is the weather on Mars?'),
  'message.received': (stage) => ask(stage, 'When are refunds paid?'),
  'message.sent': async (stage) =>
    stage.tenant.post(`/v1/conversations/${await conversation(stage)}/messages`, { content: 'It is on its way.' }),
  'chat.message.created': async (stage) => {
    await readSource(stage)
    const { citations } = await ask(stage, 'When are refunds paid?')
    if (!Array.isArray(citations) || citations.length === 0) throw new Error('The answer cites nothing.')
  },

  'agent.created': agent,
  'agent.updated': async (stage) => stage.send('PATCH', `/v1/agents/${await agent(stage)}`, { name: 'Billing' }),
  'agent.domain_added': async (stage) =>
    stage.tenant.post(`/v1/agents/${await agent(stage)}/allowed-domains`, { domain: 'support.example.com' }),
  'agent.domain_removed': async (stage) => {
    const domains = `/v1/agents/${await agent(stage)}/allowed-domains`
    await stage.tenant.post(domains, { domain: 'support.example.com' })
    await stage.send('DELETE', `${domains}/support.example.com`)
  },

  'knowledge_source.created': source,
  'knowledge_source.updated': async (stage) =>
    stage.tenant.post(`/v1/knowledge-sources/${await readSource(stage)}/reingest`),
  'knowledge_source.processing': source,
  'knowledge_source.ready': source,
  'knowledge_source.failed': async (stage) => {
    stage.receiver.respond((_, response) => response.writeHead(404).end())
    await post(stage, '/v1/knowledge-sources', { type: 'url', name: 'Help', url: stage.receiver.url })
  },
  'knowledge_source.deleted': async (stage) => stage.send('DELETE', `/v1/knowledge-sources/${await source(stage)}`),

  'webhook.created': webhook,
  'webhook.updated': async (stage) => stage.send('PATCH', `/v1/webhooks/${await webhook(stage)}`, { status: 'paused' }),
  'webhook.deleted': async (stage) => stage.send('DELETE', `/v1/webhooks/${await webhook(stage)}`),
  'webhook.endpoint.failing': (stage) => {
    stage.receiver.respond((_, response) => response.writeHead(500).end())
    return troubled(stage, 25)
  },
  'webhook.endpoint.disabled': (stage) => {
    stage.receiver.respond((_, response) => response.writeHead(410).end())
    return troubled(stage, 1)
  },
  'webhook.endpoint.recovered': (stage) => troubled(stage, 1),
  'webhook.deliveries_expired': async (stage) => {
    const { app, workspaceId, post: create } = stage.tenant
    const { system } = app.database
    const { id } = await create('/v1/webhooks', { url: stage.receiver.url, events: ['contact.created'] })
    await stage.send('PATCH', `/v1/webhooks/${id}`, { status: 'paused' })
    await contact(stage)
    const owner = { workspaceId, mode: 'sandbox' as const }
    while ((await expireDeliveries(system, owner, new Date(Date.now() + 1_000), app.deps)) === 0)
      await new Promise((resolve) => setTimeout(resolve, 10))
  },
  'test.ping': async (stage) => stage.tenant.post(`/v1/webhooks/${await webhook(stage)}/test`),

  'plan.changed': ({ tenant }) => putOnPlan(tenant, 'growth'),
  'usage.limit_reached': async (stage) => {
    const { app, workspaceId } = stage.tenant
    await putOnPlan(stage.tenant, 'free')
    const ctx = makeCtx(app.database, workspaceId)
    for (let asked = 1; asked < 50; asked++) await transaction(ctx.db, (tx) => takeChatMessage(ctx, tx))
    await ask(stage, 'When are refunds paid?')
  },
}
