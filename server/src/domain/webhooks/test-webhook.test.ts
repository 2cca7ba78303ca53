import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { after, before } from 'node:test'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Receiver, startReceiver } from '../../../test/receiver.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/open.ts'
import { Event } from '../events/index.ts'
import { WebhookTest } from './contract.ts'
import { makeOutside, numberEvents, type Outside } from './delivering.fixture.ts'
import { createWebhook, testWebhook, updateWebhook } from './index.ts'

let database: Database
let outside: Outside
let receiver: Receiver
before(async () => {
  database = await openTestDatabase()
  outside = makeOutside()
  receiver = await startReceiver()
})
after(async () => {
  await outside.safeHttp.close()
  await receiver.stop()
  await database.close()
})

const makeTested = async (url = receiver.url) => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { row, secret } = await createWebhook(ctx, { url, events: ['*'] }, outside)
  return { ctx, id: row.id, secret }
}

test('a test delivery is signed like any other and shows both sides, but not the secret', async () => {
  const { ctx, id, secret } = await makeTested()
  receiver.respond((_, response) => response.writeHead(201, { 'x-seen': 'yes' }).end('hello'))
  const result = WebhookTest.parse(await testWebhook(ctx, id, outside))
  const { headers, body } = receiver.received.at(-1)!
  assert.equal(result.delivered, true)
  assert.equal(result.error, null)
  assert.equal(result.request.url, receiver.url)
  assert.equal(result.request.body, body.toString())
  for (const [name, value] of Object.entries(result.request.headers)) assert.equal(headers[name.toLowerCase()], value)
  assert.equal(result.response?.status, 201)
  assert.equal(result.response?.body, 'hello')
  assert.equal(result.response?.headers['x-seen'], 'yes')
  assert.ok(!JSON.stringify(result).includes(secret.slice(6)))
  assert.equal(headers['x-parley-signature'], `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
  new StandardWebhook(secret).verify(body, headers as Record<string, string>)
  const event = Event.parse(JSON.parse(body.toString()))
  assert.equal(event.type, 'test.ping')
  assert.equal(headers['x-parley-event'], 'test.ping')
  assert.equal(event.id, headers['webhook-id'])
  await numberEvents(database)
  const kept = await ctx.db.selectFrom('events').select('type').where('type', '=', 'test.ping').execute()
  assert.deepEqual(kept, [])
})

test('what went wrong is told as a class, never in the words of the network', async () => {
  const { ctx, id } = await makeTested()
  receiver.respond((_, response) => response.writeHead(500).end('sorry'))
  const broken = WebhookTest.parse(await testWebhook(ctx, id, outside))
  assert.deepEqual([broken.delivered, broken.response?.status, broken.error?.code], [false, 500, 'http_error'])
  receiver.respond((_, response) => response.writeHead(410).end())
  assert.equal((await testWebhook(ctx, id, outside)).error?.code, 'endpoint_gone')
  await receiver.stop()
  const down = WebhookTest.parse(await testWebhook(ctx, id, outside))
  await receiver.start()
  assert.deepEqual([down.delivered, down.response, down.error?.code], [false, null, 'connect_refused'])
  assert.ok(!/ECONN|127\.0/.test(JSON.stringify(down.error)))
})

test('a test goes only where deliveries may go', async () => {
  const { ctx, id } = await makeTested()
  const before = receiver.received.length
  const closed = { ...outside, settings: { ...outside.settings, sandboxLoopback: false } }
  assert.equal((await testWebhook(ctx, id, closed)).error?.code, 'address_refused')
  assert.equal((await testWebhook({ ...ctx, mode: 'live' }, id, outside)).error?.code, 'address_refused')
  assert.equal(receiver.received.length, before)
})

test('a paused webhook can be tested, ten times a minute', async () => {
  const { ctx, id } = await makeTested()
  receiver.respond((_, response) => response.writeHead(204).end())
  await updateWebhook(ctx, id, { status: 'paused' }, outside)
  let now = new Date('2026-03-11T11:22:20.000Z')
  const clock: Clock = { now: () => now }
  const caller = { ...ctx, clock }
  for (let n = 0; n < 10; n++) assert.equal((await testWebhook(caller, id, outside)).delivered, true)
  await assert.rejects(testWebhook(caller, id, outside), (error) => {
    assert.ok(error instanceof AppError && error.code === 'RATE_LIMIT_EXCEEDED')
    assert.equal(error.retryAfter, 40)
    return true
  })
  now = new Date('2026-03-11T11:23:00.000Z')
  assert.equal((await testWebhook(caller, id, outside)).delivered, true)
})
