import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Receiver, startReceiver } from '../../../test/receiver.ts'
import { AppError } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { makeNote, makeOutside, numberEvents, type Outside, startDelivering, until } from './delivering.fixture.ts'
import {
  createWebhook,
  deleteWebhook,
  getDelivery,
  listDeliveries,
  replayEvent,
  replayEvents,
  retryDelivery,
  updateWebhook,
} from './index.ts'

let database: Database
let outside: Outside
let receiver: Receiver
let delivering: ReturnType<typeof startDelivering>
before(async () => {
  database = await openTestDatabase()
  outside = makeOutside([0, 3_600])
  receiver = await startReceiver()
  delivering = startDelivering(database, outside)
})
after(async () => {
  await delivering.stop()
  await outside.safeHttp.close()
  await receiver.stop()
  await database.close()
})

const page = { limit: 100, after: null }

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))

const refusal = (code: string, param?: string) => (error: unknown) =>
  error instanceof AppError && error.code === code && error.param === param

const deliveriesOf = async (ctx: Ctx, eventId: string) => (await listDeliveries(ctx, { eventId }, page)).rows

const delivered = (ctx: Ctx, eventId: string, count: number) =>
  until('it is delivered', async () => {
    const rows = await deliveriesOf(ctx, eventId)
    return rows.length === count && rows.every(({ status }) => status === 'delivered')
  })

const headersOf = (eventId: string, deliveryIds: string[]) =>
  deliveryIds.map((id) => {
    const request = receiver.received.find(({ headers }) => headers['x-parley-delivery'] === id)
    assert.ok(request, `delivery ${id} of ${eventId} arrived`)
    return request.headers
  })

test('a delivered event is delivered again by hand, as another delivery of the same event', async () => {
  const ctx = await makeCaller()
  await createWebhook(ctx, { url: receiver.url, events: ['*'] }, outside)
  const eventId = await makeNote(ctx, 1)
  await delivered(ctx, eventId, 1)
  const [first] = await deliveriesOf(ctx, eventId)
  const again = await retryDelivery(ctx, first!.id)
  assert.notEqual(again.id, first!.id)
  assert.equal(again.trigger, 'manual')
  await delivered(ctx, eventId, 2)
  const [a, b] = headersOf(eventId, [first!.id, again.id])
  assert.equal(a!['webhook-id'], b!['webhook-id'])
  assert.equal(a!['x-parley-replay'], undefined)
  assert.equal(b!['x-parley-replay'], '1')
  assert.equal(b!['x-parley-attempt'], '1')
})

test('a pending delivery does not wait any longer when it is retried by hand', async () => {
  const ctx = await makeCaller()
  receiver.respond((_, response) => response.writeHead(500).end())
  await createWebhook(ctx, { url: receiver.url, events: ['*'] }, outside)
  const eventId = await makeNote(ctx, 1)
  await until('it failed', async () => (await deliveriesOf(ctx, eventId))[0]?.attempts === 1)
  const [pending] = await deliveriesOf(ctx, eventId)
  receiver.respond((_, response) => response.writeHead(200).end())
  const again = await retryDelivery(ctx, pending!.id)
  assert.equal(again.id, pending!.id)
  await delivered(ctx, eventId, 1)
  const { row, attempts } = await getDelivery(ctx, pending!.id)
  assert.equal(row.trigger, 'manual')
  assert.deepEqual(
    attempts.map(({ number, http_status }) => [number, http_status]),
    [
      [1, 500],
      [2, 200],
    ],
  )
})

test('retrying twice, or from two places, makes one delivery while it waits', async () => {
  const ctx = await makeCaller()
  const { row } = await createWebhook(ctx, { url: receiver.url, events: ['*'] }, outside)
  const eventId = await makeNote(ctx, 1)
  await delivered(ctx, eventId, 1)
  const [first] = await deliveriesOf(ctx, eventId)
  await updateWebhook(ctx, row.id, { status: 'paused' }, outside)
  const retried = await Promise.all([1, 2, 3].map(() => retryDelivery(ctx, first!.id)))
  assert.equal(new Set(retried.map(({ id }) => id)).size, 1)
  assert.equal((await deliveriesOf(ctx, eventId)).length, 2)
  await updateWebhook(ctx, row.id, { status: 'active' }, outside)
  await delivered(ctx, eventId, 2)
})

test('an event is replayed to all that subscribe to it now, or to one webhook that is named', async () => {
  const ctx = await makeCaller()
  const eventId = await makeNote(ctx, 1)
  await numberEvents(database)
  const wants = await createWebhook(ctx, { url: receiver.url, events: ['memo.*'] }, outside)
  const other = await createWebhook(ctx, { url: receiver.url, events: ['webhook.deleted'] }, outside)
  const replayed = await replayEvent(ctx, eventId, {})
  assert.equal(replayed.length, 1)
  await delivered(ctx, eventId, 1)
  assert.equal(headersOf(eventId, replayed)[0]!['x-parley-replay'], '1')
  const named = await replayEvent(ctx, eventId, { webhookId: other.row.id })
  await delivered(ctx, eventId, 2)
  const rows = await deliveriesOf(ctx, eventId)
  assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set([...replayed, ...named]))
  assert.deepEqual(new Set(rows.map(({ webhook_id }) => webhook_id)), new Set([wants.row.id, other.row.id]))
  assert.ok(rows.every(({ trigger }) => trigger === 'replay'))
})

test('many events are sent again to many webhooks at once, and so many that it would take long are refused whole', async () => {
  const ctx = await makeCaller()
  for (let n = 0; n < 250; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => makeNote(ctx, n + i)))
  await numberEvents(database)
  const add = async () => {
    const { row } = await createWebhook(ctx, { url: receiver.url, events: ['note.*'] }, outside)
    await updateWebhook(ctx, row.id, { status: 'paused' }, outside)
    return row.id
  }
  for (let n = 0; n < 10; n++) await add()
  const waiting = async () =>
    (await database.system.selectFrom('work_items').select('id').where('workspace_id', '=', ctx.workspaceId).execute())
      .length
  const all = { filter: { type: 'note.made' } }
  const due = await replayEvents(ctx, all, outside)
  assert.deepEqual([due.length, new Set(due).size, await waiting()], [2_500, 2_500, 2_500])
  assert.deepEqual(await replayEvents(ctx, all, outside), due)
  assert.equal(await waiting(), 2_500)

  const one = await add()
  await assert.rejects(replayEvents(ctx, all, outside), {
    code: 'UNPROCESSABLE',
    message: /2750 deliveries.*POST \/v1\/events\/backfill/,
  })
  assert.equal(await waiting(), 2_500)
  assert.equal((await replayEvents(ctx, { ...all, webhook_id: one }, outside)).length, 250)
})

/** Another event whose id has the same first 64 bits, as another process may give it in the same millisecond. */
const makeTwin = async (ctx: Ctx, eventId: string): Promise<string> => {
  const twin = `${eventId.slice(0, 19)}${newId().slice(19)}`
  const { id: _, ...rest } = await database.system
    .selectFrom('events')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', eventId)
    .executeTakeFirstOrThrow()
  await database.system
    .insertInto('events')
    .values({ ...rest, id: twin, sequence: rest.sequence + 1_000 })
    .execute()
  return twin
}

test('events of two processes whose ids begin alike are delivered, listed and replayed apart', async () => {
  const ctx = await makeCaller()
  const { row } = await createWebhook(ctx, { url: receiver.url, events: ['webhook.deleted'] }, outside)
  const first = await makeNote(ctx, 1)
  await numberEvents(database)
  const second = await makeTwin(ctx, first)
  const target = { webhookId: row.id }
  const idsOf = async (eventId: string) => (await deliveriesOf(ctx, eventId)).map(({ id }) => id)

  await updateWebhook(ctx, row.id, { status: 'paused' }, outside)
  const [a] = await replayEvent(ctx, first, target)
  const [b] = await replayEvent(ctx, second, target)
  assert.notEqual(a, b)
  assert.deepEqual([await idsOf(first), await idsOf(second)], [[a], [b]])
  assert.deepEqual(await replayEvent(ctx, second, target), [b])

  await updateWebhook(ctx, row.id, { status: 'active' }, outside)
  await delivered(ctx, first, 1)
  await delivered(ctx, second, 1)
  assert.deepEqual([await idsOf(first), await idsOf(second)], [[a], [b]])
  assert.deepEqual(
    headersOf(first, [a!, b!]).map((headers) => headers['webhook-id']),
    [first, second].map((id) => toWireId('event', id)),
  )

  await replayEvent(ctx, first, target)
  await delivered(ctx, first, 2)
  const rows = await database.system
    .selectFrom('deliveries')
    .select(['event_id', 'generation'])
    .where('webhook_id', '=', row.id)
    .execute()
  assert.deepEqual(
    rows.map(({ event_id, generation }) => `${event_id} ${generation}`).sort(),
    [`${first} 0`, `${first} 1`, `${second} 0`].sort(),
  )
})

test('nothing is sent again to a webhook that is disabled, deleted or of another workspace', async () => {
  const ctx = await makeCaller()
  const other = await makeCaller()
  const { row } = await createWebhook(ctx, { url: receiver.url, events: ['*'] }, outside)
  const eventId = await makeNote(ctx, 1)
  await delivered(ctx, eventId, 1)
  const [first] = await deliveriesOf(ctx, eventId)
  await assert.rejects(retryDelivery(other, first!.id), refusal('NOT_FOUND'))
  await assert.rejects(replayEvent(other, eventId, {}), refusal('NOT_FOUND'))
  const foreign = await createWebhook(other, { url: receiver.url, events: ['*'] }, outside)
  await assert.rejects(replayEvent(ctx, eventId, { webhookId: foreign.row.id }), refusal('NOT_FOUND', 'webhook_id'))
  await assert.rejects(replayEvent(ctx, newId(), {}), refusal('NOT_FOUND'))
  await database.system.updateTable('webhooks').set({ status: 'disabled' }).where('id', '=', row.id).execute()
  await assert.rejects(retryDelivery(ctx, first!.id), refusal('CONFLICT'))
  await assert.rejects(replayEvent(ctx, eventId, { webhookId: row.id }), refusal('CONFLICT'))
  assert.deepEqual(await replayEvent(ctx, eventId, {}), [])
  await deleteWebhook(ctx, row.id)
  await assert.rejects(retryDelivery(ctx, first!.id), refusal('CONFLICT'))
  const reader = makeCtx(database, ctx.workspaceId, { scopes: ['events:read'] })
  await assert.rejects(retryDelivery(reader, first!.id), refusal('FORBIDDEN'))
  await assert.rejects(replayEvent(reader, eventId, {}), refusal('FORBIDDEN'))
})

test('deliveries are listed newest first, in pages, waiting and finished together, by webhook, event and status', async () => {
  const ctx = await makeCaller()
  const steady = await createWebhook(ctx, { url: receiver.url, events: ['note.made'] }, outside)
  const paused = await createWebhook(ctx, { url: receiver.url, events: ['note.made'] }, outside)
  await updateWebhook(ctx, paused.row.id, { status: 'paused' }, outside)
  const eventIds: string[] = []
  for (let n = 0; n < 5; n++) eventIds.push(await makeNote(ctx, n))
  const list = async (filter: Parameters<typeof listDeliveries>[1]) => (await listDeliveries(ctx, filter, page)).rows
  await until('half is delivered', async () => (await list({ status: 'delivered' })).length === 5)
  const all = await list({})
  assert.equal(all.length, 10)
  assert.deepEqual(
    all.map(({ id }) => id),
    all
      .map(({ id }) => id)
      .sort()
      .reverse(),
  )
  const paged = []
  for (let afterId: string | null = null, more = true; more; ) {
    const { rows, hasMore } = await listDeliveries(ctx, {}, { limit: 3, after: afterId })
    paged.push(...rows)
    afterId = rows.at(-1)!.id
    more = hasMore
  }
  assert.deepEqual(paged, all)
  assert.deepEqual(
    new Set((await list({ status: 'pending' })).map(({ webhook_id }) => webhook_id)),
    new Set([paused.row.id]),
  )
  assert.deepEqual(
    new Set((await list({ webhookId: steady.row.id })).map(({ status }) => status)),
    new Set(['delivered']),
  )
  assert.deepEqual(await list({ webhookId: paused.row.id, status: 'delivered' }), [])
  assert.deepEqual(await list({ status: 'failed' }), [])
  const ofOne = await list({ eventId: eventIds[2]! })
  assert.deepEqual(
    ofOne.map(({ event_id }) => event_id),
    [eventIds[2], eventIds[2]],
  )
  const other = await makeCaller()
  assert.deepEqual((await listDeliveries(other, { eventId: eventIds[2]! }, page)).rows, [])
  await assert.rejects(getDelivery(other, all[0]!.id), refusal('NOT_FOUND'))
  await assert.rejects(getDelivery(ctx, newId()), refusal('NOT_FOUND'))
  await assert.rejects(
    listDeliveries(makeCtx(database, ctx.workspaceId, { scopes: ['webhooks:read'] }), {}, page),
    refusal('FORBIDDEN'),
  )
})
