import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { makeCtx, makeWorkspace } from '../../../../test/make.ts'
import { startReceiver } from '../../../../test/receiver.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLog } from '../../../base/log.ts'
import { startWorker } from '../../../work/worker.ts'
import { createDeliveryKind } from '../deliver-event.work.ts'
import { makeNote, numberEvents, until } from '../delivering.fixture.ts'
import { updateWebhook } from '../index.ts'
import { notesOf, openStage } from './filling.fixture.ts'
import {
  Backfill,
  cancelBackfill,
  createBackfill,
  createBackfillKind,
  getBackfill,
  listBackfills,
  presentBackfill,
} from './index.ts'

const { database, outside, withWorker, lastHour, subscribe, begin, completed, close } = await openStage()
after(close)

test('a webhook that came late gets what was recorded before it, once', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    for (let n = 0; n < 30; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const webhookId = await subscribe(scene)
    const first = await begin(ctx, webhookId, 'missing')
    assert.equal(first.estimated, 30)
    const done = await completed(ctx, first.id)
    assert.deepEqual([done.enqueued, done.progress, done.mode], [30, 1, 'missing'])
    await until('all arrive', () => receiver.received.length === 30)
    assert.deepEqual(
      notesOf(receiver).sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, n) => n),
    )
    for (const { headers } of receiver.received) assert.equal(headers['x-parley-replay'], '1')
    await until('all are settled', async () => {
      const rows = await ctx.db.selectFrom('deliveries').select('trigger').where('webhook_id', '=', webhookId).execute()
      return rows.length === 30 && rows.every(({ trigger }) => trigger === 'backfill')
    })
    assert.equal((await begin(ctx, webhookId, 'missing')).estimated, 0)
  }))

test('what failed is sent again under its own id and number; what arrived or still waits is not', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    const webhookId = await subscribe(scene)
    receiver.respond((_, response, { body }) =>
      response.writeHead(JSON.parse(body.toString()).data.n % 3 === 0 ? 500 : 200).end(),
    )
    for (let n = 0; n < 9; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const finished = () =>
      ctx.db.selectFrom('deliveries').select(['number', 'status']).where('webhook_id', '=', webhookId).execute()
    await until('all have ended', async () => (await finished()).length === 9)
    const before = new Map(
      receiver.received.map(({ headers }) => [headers['webhook-id'], headers['x-parley-delivery-sequence']]),
    )
    await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
    await makeNote(ctx, 100)
    await numberEvents(database)
    await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
    await until('the waiting one arrives', () => notesOf(receiver).includes(100))
    await until('it is settled', async () => (await finished()).length === 10)

    receiver.received.length = 0
    receiver.respond((_, response) => response.writeHead(200).end())
    const { id, estimated } = await begin(ctx, webhookId, 'failed')
    assert.equal(estimated, 3)
    await completed(ctx, id)
    await until('they arrive', () => receiver.received.length === 3)
    for (const { headers } of receiver.received)
      assert.equal(before.get(headers['webhook-id']), headers['x-parley-delivery-sequence'])
    await until('they are settled', async () => (await finished()).length === 13)
    assert.equal((await begin(ctx, webhookId, 'failed')).estimated, 0)
    assert.equal((await begin(ctx, webhookId, 'missing')).estimated, 0)
  }))

test('a dry run counts by the types, the window and the filter, and sends nothing', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    for (let n = 0; n < 12; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const webhookId = await subscribe(scene, ['*'])
    const estimate = async (more = {}) => {
      const input = { webhook_id: webhookId, mode: 'all' as const, dry_run: true, ...lastHour(), ...more }
      const { estimated, row } = await createBackfill(ctx, input, outside)
      assert.equal(row, null)
      return estimated
    }
    await numberEvents(database)
    assert.equal(await estimate({ types: ['note.made'] }), 12)
    assert.equal(await estimate({ types: ['memo.written'] }), 12)
    assert.equal(await estimate({ types: ['webhook.deleted'] }), 0)
    assert.equal(await estimate({ from: new Date(0), to: new Date(1) }), 0)
    await updateWebhook(ctx, webhookId, { filter: [{ path: 'data.n', op: 'lt', value: 5 }] }, outside)
    assert.equal(await estimate({ types: ['note.*'] }), 5)
    await assert.rejects(estimate({ types: ['nope'] }), { code: 'BAD_REQUEST' })
    assert.equal((await listBackfills(ctx, {}, { limit: 20, after: null })).rows.length, 0)
    assert.deepEqual(
      receiver.received.filter(({ headers }) => headers['x-parley-event'] === 'note.made'),
      [],
    )
  }))

test('a long one goes in chunks with its progress told, and canceling takes back what waits', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    for (let n = 0; n < 1_300; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => makeNote(ctx, n + i)))
    await numberEvents(database)
    const webhookId = await subscribe(scene)
    await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
    const { id, estimated } = await begin(ctx, webhookId, 'all', { max_per_second: 200 })
    assert.equal(estimated, 1_300)
    const done = await completed(ctx, id)
    assert.equal(done.enqueued, 1_300)
    const waiting = () =>
      database.system
        .selectFrom('work_items')
        .select('id')
        .where('key', '=', webhookId)
        .where('kind', '=', 'webhook')
        .execute()
    assert.equal((await waiting()).length, 1_300)
    const second = await begin(ctx, webhookId, 'all')
    assert.equal(second.estimated, 0)
    assert.equal((await completed(ctx, second.id)).enqueued, 0)

    // Completed is only the looking: what it made still waits, and can be taken back.
    const canceled = Backfill.parse(presentBackfill(await cancelBackfill(ctx, id)))
    assert.deepEqual([canceled.status, canceled.canceled, canceled.delivered], ['canceled', 1_300, 0])
    assert.equal((await cancelBackfill(ctx, id)).status, 'canceled')
    assert.equal((await waiting()).length, 0)
    await assert.rejects(cancelBackfill(ctx, second.id), { code: 'CONFLICT' })
    assert.equal(receiver.received.length, 0)
  }))

test('another workspace finds no webhook to fill and no backfill to read or cancel', () =>
  withWorker(async (scene) => {
    const webhookId = await subscribe(scene)
    const { id } = await begin(scene.ctx, webhookId, 'all')
    const stranger = makeCtx(database, await makeWorkspace(database))
    await assert.rejects(begin(stranger, webhookId, 'all'), { code: 'NOT_FOUND' })
    await assert.rejects(getBackfill(stranger, id), { code: 'NOT_FOUND' })
    await assert.rejects(cancelBackfill(stranger, id), { code: 'NOT_FOUND' })
    assert.equal((await listBackfills(stranger, {}, { limit: 20, after: null })).rows.length, 0)
    const reader = makeCtx(database, scene.ctx.workspaceId, { scopes: ['events:read'] })
    await assert.rejects(begin(reader, webhookId, 'all'), { code: 'FORBIDDEN' })
  }))

test('what was read ahead of a backfill is not sent once it is canceled', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const receiver = await startReceiver()
  const kinds = [createDeliveryKind(outside), createBackfillKind({ clock: systemClock })]
  const limits = { catchUpPerSecond: 100 }
  const worker = startWorker({ db: database.system, kinds, clock: systemClock, log: silentLog, pollMs: 10, limits })
  try {
    for (let n = 0; n < 60; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const { id } = await begin(ctx, await subscribe({ ctx, receiver }), 'missing')
    await until('some arrive', () => receiver.received.length >= 3)
    // Whether or not all have been enqueued by now.
    await cancelBackfill(ctx, id).catch((error) => assert.equal(error.code, 'CONFLICT'))
    await database.system.updateTable('backfills').set({ status: 'canceled' }).where('id', '=', id).execute()
    await database.system.deleteFrom('work_items').where('workspace_id', '=', ctx.workspaceId).execute()
    const under = receiver.received.length + 8
    await new Promise((resolve) => setTimeout(resolve, 400))
    assert.ok(receiver.received.length <= under, `${receiver.received.length} arrived`)
  } finally {
    await worker.stop()
    await receiver.stop()
  }
})
