import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { fromWireId } from '../../base/ids.ts'
import { sequenceEvents } from '../../domain/events/index.ts'
import { createFanOut } from '../../domain/webhooks/index.ts'
import { eventDeliveryEndpoints } from './event-deliveries.ts'
import { eventEndpoints } from './events.ts'
import { webhookEndpoints } from './webhooks.ts'

let app: TestApp
before(async () => {
  app = await openTestApp({ endpoints: [...webhookEndpoints, ...eventEndpoints, ...eventDeliveryEndpoints] })
})
after(() => app.close())

type Listed = { data: Record<string, unknown>[]; has_more: boolean; next_cursor: string | null }
type Failed = { error: { code: string; param?: string; message: string; retry_after?: number } }

const makeCaller = async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const call = (method: string, path: string, body?: unknown, headers = {}) =>
    app.call(method, path, { key, body, headers })
  const make = async (body: Record<string, unknown> = {}) => {
    const response = await call('POST', '/v1/webhooks', { url: 'https://example.com/hooks', events: ['*'], ...body })
    assert.equal(response.status, 201, response.text)
    return response.json<{ id: string; secret: string }>()
  }
  return { call, make }
}

const number = () => sequenceEvents(app.database.system, createFanOut())

test('the secret of a webhook is shown once, and again only to the same request under the same idempotency key', async () => {
  const { call } = await makeCaller()
  const body = { url: 'https://example.com/hooks', events: ['contact.created'], description: 'Production' }
  const first = await call('POST', '/v1/webhooks', body, { 'idempotency-key': 'one' })
  const again = await call('POST', '/v1/webhooks', body, { 'idempotency-key': 'one' })
  assert.equal(first.status, 201)
  assert.equal(again.text, first.text)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  const { secret, ...webhook } = first.json<{ id: string; secret: string }>()
  assert.match(secret, /^whsec_.{40}$/)
  assert.deepEqual((await call('GET', `/v1/webhooks/${webhook.id}`)).json(), { ...webhook, missed: null })
  const uuid = fromWireId('webhook', webhook.id)!
  assert.deepEqual((await call('GET', `/v1/webhooks/${uuid.toUpperCase()}`)).json(), { ...webhook, missed: null })
  const list = (await call('GET', '/v1/webhooks')).json<Listed>()
  assert.deepEqual(list, { data: [webhook], has_more: false, next_cursor: null })
  const rows = await app.database.system.selectFrom('idempotency_keys').select('body').execute()
  assert.ok(rows.every((row) => !row.body?.includes(secret)))
})

test('a bad request names the field at fault', async () => {
  const { call, make } = await makeCaller()
  const cases: [unknown, string][] = [
    [{ url: 'https://10.0.0.1/x', events: ['*'] }, 'url'],
    [{ url: 'https://example.com', events: ['contact.made'] }, 'events'],
    [{ url: 'https://example.com', events: [] }, 'events'],
    [{ url: 'https://example.com' }, 'events'],
    [{ url: 'https://example.com', events: ['*'], secret: 'x' }, 'secret'],
  ]
  for (const [body, param] of cases) {
    const response = await call('POST', '/v1/webhooks', body)
    assert.equal(response.status, 400)
    assert.equal(response.json<Failed>().error.param, param)
  }
  const { id } = await make()
  assert.equal((await call('PATCH', `/v1/webhooks/${id}`, { status: 'disabled' })).status, 400)
  assert.equal(
    (await call('PATCH', `/v1/webhooks/${id}`, { status: 'paused' })).json<{ status: string }>().status,
    'paused',
  )
})

test('a test delivery answers with both sides and is refused after ten in a minute', async () => {
  const receiver = await startReceiver()
  try {
    const { call, make } = await makeCaller()
    const { id } = await make({ url: receiver.url })
    const statuses = []
    for (let n = 0; n < 21; n++) statuses.push((await call('POST', `/v1/webhooks/${id}/test`)).status)
    assert.equal(statuses[0], 200)
    // The minute may turn once while the test runs.
    assert.ok(statuses.filter((status) => status === 200).length <= 20)
    const refused = statuses.indexOf(429)
    assert.ok(refused >= 10)
    assert.equal(receiver.received.length, statuses.filter((status) => status === 200).length)
  } finally {
    await receiver.stop()
  }
})

test('the log is paged in both directions by cursors that only this list understands', async () => {
  const { call, make } = await makeCaller()
  for (let n = 0; n < 5; n++) await make()
  await number()
  const follow = async (query: string) => {
    const sequences: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path: string = `/v1/events?limit=2${cursor === '' ? query : `&cursor=${cursor}`}`
      const page: Listed = (await call('GET', path)).json<Listed>()
      sequences.push(...page.data.map(({ sequence }) => sequence))
      assert.equal(page.has_more, page.next_cursor !== null)
      cursor = page.next_cursor
    }
    return sequences
  }
  assert.deepEqual(await follow(''), [5, 4, 3, 2, 1])
  assert.deepEqual(await follow('&after=0'), [1, 2, 3, 4, 5])
  assert.deepEqual(await follow('&after=3'), [4, 5])
  const foreign = (await call('GET', '/v1/webhooks?limit=1')).json<Listed>().next_cursor!
  for (const query of [
    `cursor=${foreign}`,
    'cursor=x',
    'after=-1',
    'after=x',
    'type=no.such',
    'subject=x',
    'from=today',
    'nope=1',
  ]) {
    const response = await call('GET', `/v1/events?${query}`)
    assert.equal(response.status, 400, query)
    assert.equal(response.json<Failed>().error.param, query.split('=')[0])
  }
})

test('events, deliveries, retries and replays lead to one another', async () => {
  const { call, make } = await makeCaller()
  const { id } = await make({ events: ['webhook.created'] })
  await call('PATCH', `/v1/webhooks/${id}`, { status: 'paused' })
  await number()
  const [event] = (await call('GET', `/v1/events?type=webhook.created&subject=${id}`)).json<Listed>().data
  assert.deepEqual((await call('GET', `/v1/events/${event!.id}`)).json(), event)
  const listed = (
    await call('GET', `/v1/event-deliveries?webhook_id=${id}&event_id=${event!.id}&status=pending`)
  ).json<Listed>()
  assert.equal(listed.data.length, 1)
  const delivery = listed.data[0]!
  assert.deepEqual((await call('GET', `/v1/event-deliveries/${delivery.id}`)).json(), { ...delivery, attempts: [] })
  const retried = await call('POST', `/v1/event-deliveries/${delivery.id}/retry`)
  assert.equal(retried.status, 202)
  assert.equal(retried.json<{ id: string }>().id, delivery.id)
  for (const body of [undefined, {}, { webhook_id: id }]) {
    const replayed = await call('POST', `/v1/events/${event!.id}/replay`, body)
    assert.equal(replayed.status, 202)
    assert.deepEqual(replayed.json(), { enqueued: 1, delivery_ids: [delivery.id] })
  }
  assert.equal((await call('GET', '/v1/event-deliveries?status=open')).status, 400)
  assert.equal((await call('DELETE', `/v1/webhooks/${id}`)).status, 204)
  assert.equal((await call('GET', `/v1/event-deliveries/${delivery.id}`)).status, 404)
  assert.equal((await call('GET', '/v1/events/evt_nonsense')).status, 404)
})
