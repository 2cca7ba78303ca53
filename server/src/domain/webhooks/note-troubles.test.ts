import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { silentLog } from '../../base/log.ts'
import { transaction } from '../../database/transaction.ts'
import { makeNote, makeOutside, numberEvents, startDelivering, until } from './delivering.fixture.ts'
import { createBackfill, createWebhook, getWebhook, readMissed, updateWebhook } from './index.ts'
import { laneOf } from './lane.ts'
import { noteTroubles, type Showing } from './note-troubles.ts'

const database = await openTestDatabase()
const outside = makeOutside([0, 0.05])
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

const hourMs = 3_600_000

const makeScene = async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { row } = await createWebhook(ctx, { url: 'https://example.com/hook', events: ['*'] }, outside)
  let now = Date.UTC(2026, 2, 11)
  const clock = { now: () => new Date(now) }
  const show = (showing: Partial<Showing>) =>
    transaction(database.system, (tx) =>
      noteTroubles(
        tx,
        [
          {
            ...laneOf(ctx.workspaceId, row.id),
            failedAttempts: 0,
            failedDeliveries: 0,
            failedSince: clock.now(),
            delivered: false,
            ...showing,
          },
        ],
        { clock, log: silentLog },
      ),
    )
  const told = async () => {
    await numberEvents(database)
    const rows = await ctx.db
      .selectFrom('events')
      .select(['type', 'payload'])
      .where('type', 'like', 'webhook.endpoint.%')
      .orderBy('sequence')
      .execute()
    return rows.map(({ type, payload }) => ({ type, data: JSON.parse(payload).data }))
  }
  const troubles = () => ctx.db.selectFrom('webhook_troubles').selectAll().execute()
  return { ctx, webhookId: row.id, show, told, troubles, pass: (hours: number) => (now += hours * hourMs) }
}

test('warnings come after a day and after three, once each, and after five days the webhook is disabled', async () => {
  const { ctx, webhookId, show, told, pass } = await makeScene()
  for (let hour = 0; hour <= 119; hour++) {
    await show({ failedAttempts: 1, failedDeliveries: 1 })
    pass(1)
  }
  assert.equal((await getWebhook(ctx, webhookId)).status, 'active')
  await show({ failedAttempts: 1 })
  const webhook = await getWebhook(ctx, webhookId)
  assert.deepEqual([webhook.status, webhook.disabled_reason], ['disabled', 'endpoint_failing'])
  const events = await told()
  assert.deepEqual(
    events.map(({ type, data }) => [type, data.failing_for_hours ?? data.reason]),
    [
      ['webhook.endpoint.failing', 24],
      ['webhook.endpoint.failing', 72],
      ['webhook.endpoint.disabled', 'endpoint_failing'],
    ],
  )
  const lane = await database.system
    .selectFrom('lanes')
    .select('paused')
    .where('key', '=', webhookId)
    .executeTakeFirst()
  assert.equal(lane?.paused, true)

  await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
  await show({ failedAttempts: 1 })
  assert.equal((await getWebhook(ctx, webhookId)).status, 'active')
})

test('few failures far apart disable nothing', async () => {
  const { ctx, webhookId, show, pass } = await makeScene()
  for (let i = 0; i < 10; i++) {
    await show({ failedAttempts: 5, failedDeliveries: 1 })
    pass(24)
  }
  assert.equal((await getWebhook(ctx, webhookId)).status, 'active')
})

test('one success ends the trouble and tells once what was missed', async () => {
  const { show, told, troubles, pass } = await makeScene()
  await show({ failedAttempts: 3, failedDeliveries: 2 })
  pass(1)
  await show({ delivered: true })
  await show({ delivered: true })
  assert.deepEqual(await troubles(), [])
  const events = await told()
  assert.deepEqual(
    events.map(({ type, data }) => [type, data.failed_deliveries, data.missed_from]),
    [['webhook.endpoint.recovered', 2, '2026-03-11T00:00:00.000Z']],
  )
})

test('a failure that a retry makes good is not told of', async () => {
  const { show, told, troubles } = await makeScene()
  await show({ failedAttempts: 3 })
  await show({ delivered: true })
  assert.deepEqual([await troubles(), await told()], [[], []])
})

test('other webhooks hear of the trouble, and the one in trouble does not', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const [broken, healthy] = [await startReceiver(), await startReceiver()]
  broken.respond((_, response, { number }) => response.writeHead(number < 2 ? 500 : 200).end())
  await createWebhook(ctx, { url: broken.url, events: ['note.*', 'webhook.endpoint.*'] }, outside)
  await createWebhook(ctx, { url: healthy.url, events: ['webhook.endpoint.*'] }, outside)
  const { stop } = startDelivering(database, outside)
  try {
    await makeNote(ctx, 1)
    await until('the first has failed for good', () => broken.received.length === 2)
    await until(
      'it is written down',
      async () => (await ctx.db.selectFrom('webhook_troubles').selectAll().execute()).length > 0,
    )
    await makeNote(ctx, 2)
    await until('the other hears of it', () => healthy.received.length === 1)
    const { type, data } = JSON.parse(healthy.received[0]!.body.toString())
    assert.deepEqual([type, data.failed_deliveries, data.failed_attempts], ['webhook.endpoint.recovered', 1, 2])
    assert.equal(broken.received.length, 3)
  } finally {
    await stop()
    await Promise.all([broken.stop(), healthy.stop()])
  }
})

test('what failed for good is told with a window whose backfill brings it, before and after the webhook has recovered', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const [broken, healthy] = [await startReceiver(), await startReceiver()]
  broken.respond((_, response) => response.writeHead(500).end())
  const { row } = await createWebhook(ctx, { url: broken.url, events: ['note.*'] }, outside)
  await createWebhook(ctx, { url: healthy.url, events: ['webhook.endpoint.recovered'] }, outside)
  const { stop } = startDelivering(database, outside)
  const estimate = async (from: string, to: string) => {
    const window = { from: new Date(from), to: new Date(to), mode: 'missing', dry_run: true } as const
    return (await createBackfill(ctx, { webhook_id: row.id, ...window }, outside)).estimated
  }
  try {
    assert.equal(await readMissed(ctx, row.id), null)
    for (let n = 1; n <= 3; n++) await makeNote(ctx, n)
    await until('all have failed for good', async () => (await readMissed(ctx, row.id))?.failed_deliveries === 3)
    await updateWebhook(ctx, row.id, { status: 'paused' }, outside)
    await updateWebhook(ctx, row.id, { status: 'active' }, outside)
    const missed = (await readMissed(ctx, row.id))!
    assert.equal(await estimate(missed.from, missed.to), 3)
    broken.respond((_, response) => response.writeHead(204).end())
    await makeNote(ctx, 4)
    await until('another hears of it', () => healthy.received.length === 1)
    const { data } = JSON.parse(healthy.received[0]!.body.toString())
    assert.equal(data.failed_deliveries, 3)
    assert.equal(await estimate(data.missed_from, data.missed_to), 3)
    assert.equal(await readMissed(ctx, row.id), null)
  } finally {
    await stop()
    await Promise.all([broken.stop(), healthy.stop()])
  }
})
