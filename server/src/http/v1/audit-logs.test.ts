import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { makeTenant, type Tenant } from '../../../test/tenant.ts'
import { toWireId } from '../../base/ids.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

type Entry = {
  id: string
  action: string
  actor: string
  target: { type: string; id: string }
  request_id: string
  detail: Record<string, unknown>
  created_at: string
}

type Listed = { data: Entry[]; has_more: boolean; next_cursor: string | null }

const list = async ({ key }: Tenant, query = ''): Promise<Listed> => {
  const response = await app.call('GET', `/v1/audit-logs${query}`, { key })
  assert.equal(response.status, 200, response.text)
  return response.json<Listed>()
}

// What making a tenant left behind, a widget key last, is not what is tested.
const actionsOf = ({ data }: Listed): string[] => {
  const setUp = data.findIndex(({ action }) => action === 'widget_key.created')
  return (setUp < 0 ? data : data.slice(0, setUp)).map(({ action }) => action)
}

test('every change of a key is told of, with who made it and in which request', async () => {
  const tenant = await makeTenant(app)
  const { key } = tenant
  const { key_id } = await tenant.get('/v1/api-keys/validate')
  const made = await tenant.post('/v1/api-keys', { name: 'App', scopes: ['contacts:read'] })
  const rotated = await app.call('POST', `/v1/api-keys/${made.id}/rotate`, {
    key,
    headers: { 'x-request-id': 'mine-7' },
  })
  const { id } = rotated.json<{ id: string }>()
  assert.equal((await app.call('DELETE', `/v1/api-keys/${id}`, { key })).status, 204)

  const listed = await list(tenant)
  assert.deepEqual(actionsOf(listed), ['api_key.revoked', 'api_key.rotated', 'api_key.created'])
  const rotation = listed.data[1]!
  assert.deepEqual(rotation.target, { type: 'api_key', id: made.id })
  assert.equal(rotation.detail.replaced_by, id)
  assert.equal(rotation.request_id, 'mine-7')
  assert.equal(rotation.actor, `api_key:${key_id}`)
})

test('webhooks, agents and what is sent again are told of', async () => {
  const tenant = await makeTenant(app)
  const { key } = tenant
  const { id } = await tenant.post('/v1/webhooks', { url: 'http://127.0.0.1:9/hook', events: ['contact.created'] })
  await app.call('PATCH', `/v1/webhooks/${id}`, { key, body: { description: 'Renamed' } })
  await tenant.post('/v1/contacts', { name: 'Ada' })
  await tenant.sequence()
  const { data: events } = (await tenant.get('/v1/events?type=contact.created')) as { data: { id: string }[] }
  const { delivery_ids } = await tenant.post(`/v1/events/${events[0]!.id}/replay`)
  await tenant.post(`/v1/event-deliveries/${(delivery_ids as string[])[0]}/retry`)
  await app.call('DELETE', `/v1/webhooks/${id}`, { key })
  const { data: agents } = (await tenant.get('/v1/agents')) as { data: { id: string }[] }
  await app.call('PATCH', `/v1/agents/${agents[0]!.id}`, { key, body: { instructions: 'Be brief.' } })

  const listed = await list(tenant)
  assert.deepEqual(actionsOf(listed), [
    'agent.published',
    'webhook.deleted',
    'delivery.retried',
    'event.replayed',
    'webhook.updated',
    'webhook.created',
  ])
  assert.deepEqual(listed.data[4]!.detail.changed, ['description'])
  assert.equal(listed.data[5]!.detail.secret_shown, true)
})

test('a change that is refused or undone leaves no entry', async () => {
  const tenant = await makeTenant(app)
  const before = await list(tenant)
  const { key } = tenant
  assert.equal(
    (await app.call('POST', '/v1/webhooks', { key, body: { url: 'nonsense', events: ['*'] } })).status >= 400,
    true,
  )
  assert.equal(
    (await app.call('DELETE', `/v1/webhooks/${toWireId('webhook', tenant.workspaceId)}`, { key })).status,
    404,
  )
  assert.deepEqual(await list(tenant), before)
})

test('a request that is repeated under its key leaves one entry', async () => {
  const tenant = await makeTenant(app)
  const send = () =>
    app.call('POST', '/v1/api-keys', {
      key: tenant.key,
      body: { name: 'Once', scopes: ['contacts:read'] },
      headers: { 'idempotency-key': 'once' },
    })
  await send()
  await send()
  assert.deepEqual(actionsOf(await list(tenant, '?action=api_key.created')), ['api_key.created'])
})

test('entries are found by action, actor and time, and paged newest first', async () => {
  const tenant = await makeTenant(app)
  for (const name of ['One', 'Two', 'Three']) await tenant.post('/v1/agents', { name })
  const agents = '?action=agent.created'
  const { data } = await list(tenant, agents)
  assert.equal(data.length, 4)
  const first = await list(tenant, `${agents}&limit=3`)
  const rest = await list(tenant, `${agents}&limit=3&cursor=${first.next_cursor}`)
  assert.deepEqual([...first.data, ...rest.data], data)
  assert.equal(rest.has_more, false)

  assert.deepEqual((await list(tenant, `${agents}&actor=${data[0]!.actor}`)).data, data)
  assert.equal((await list(tenant, '?actor=system:nobody')).data.length, 0)
  const oldest = data.at(-1)!.created_at
  assert.ok((await list(tenant, `${agents}&to=${oldest}`)).data.length === 0)
  assert.deepEqual((await list(tenant, `${agents}&from=${oldest}`)).data, data)
  const unknown = await app.call('GET', '/v1/audit-logs?action=nonsense', { key: tenant.key })
  assert.equal(unknown.status, 400)
})

test('the roles of requests and of workers can neither change nor delete an entry', async () => {
  const { workspaceId } = await makeTenant(app)
  for (const db of [app.database.workspace(workspaceId), app.database.system]) {
    await assert.rejects(sql`update audit_logs set actor = 'nobody'`.execute(db), { code: '42501' })
    await assert.rejects(sql`delete from audit_logs`.execute(db), { code: '42501' })
    await assert.rejects(sql`truncate audit_logs`.execute(db), { code: '42501' })
  }
})
