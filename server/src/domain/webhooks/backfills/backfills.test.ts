import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../../test/make.ts'
import { type Receiver, startReceiver } from '../../../../test/receiver.ts'
import { systemClock } from '../../../base/clock.ts'
import { newId } from '../../../base/ids.ts'
import { silentLog } from '../../../base/log.ts'
import { startWorker } from '../../../work/worker.ts'
import type { Ctx } from '../../context.ts'
import { createDeliveryKind } from '../deliver-event.work.ts'
import { makeNote, makeOutside, noteMade, numberEvents, until } from '../delivering.fixture.ts'
import { createWebhook, updateWebhook } from '../index.ts'
import {
  Backfill,
  cancelBackfill,
  createBackfill,
  createBackfillKind,
  getBackfill,
  listBackfills,
  presentBackfill,
} from './index.ts'

const database = await openTestDatabase()
const outside = makeOutside([0, 0.05])
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

type Scene = { ctx: Ctx; receiver: Receiver }

const withWorker = async (play: (scene: Scene) => Promise<void>): Promise<void> => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const receiver = await startReceiver()
  const kinds = [createDeliveryKind(outside), createBackfillKind({ clock: systemClock })]
  const worker = startWorker({
    db: database.system,
    kinds,
    clock: systemClock,
    log: silentLog,
    pollMs: 10,
    limits: { catchUpPerSecond: 5_000 },
  })
  try {
    await play({ ctx, receiver })
  } finally {
    await worker.stop()
    await receiver.stop()
  }
}

const lastHour = () => ({ from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) })
const subscribe = async ({ ctx, receiver }: Scene, events = ['note.*']) =>
  (await createWebhook(ctx, { url: receiver.url, events }, outside)).row.id

const begin = async (ctx: Ctx, webhookId: string, mode: 'missing' | 'failed' | 'all', more = {}) => {
  const made = await createBackfill(ctx, { webhook_id: webhookId, mode, ...lastHour(), ...more }, outside)
  return { id: made.row!.id, estimated: made.estimated }
}

const completed = async (ctx: Ctx, id: string) => {
  await until('it is completed', async () => (await getBackfill(ctx, id)).status === 'completed')
  return Backfill.parse(presentBackfill(await getBackfill(ctx, id)))
}

const notesOf = ({ received }: Receiver): number[] => received.map(({ body }) => JSON.parse(body.toString()).data.n)

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

const read = async (ctx: Ctx, id: string) => Backfill.parse(presentBackfill(await getBackfill(ctx, id)))

const counted = async (ctx: Ctx, id: string) => {
  const { enqueued, delivered, failed, canceled } = await read(ctx, id)
  return { enqueued, delivered, failed, canceled }
}

test('what a backfill made is counted as it arrives or fails', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    for (let n = 0; n < 6; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const webhookId = await subscribe(scene)
    receiver.respond((_, response, { body }) =>
      response.writeHead(JSON.parse(body.toString()).data.n % 3 === 0 ? 500 : 204).end(),
    )
    const { id } = await begin(ctx, webhookId, 'missing')
    await until('all have ended', async () => {
      const { delivered, failed } = await counted(ctx, id)
      return delivered + failed === 6
    })
    assert.deepEqual(await counted(ctx, id), { enqueued: 6, delivered: 4, failed: 2, canceled: 0 })
    await assert.rejects(cancelBackfill(ctx, id), { code: 'CONFLICT' })
  }))

test('what was under way when its backfill was canceled is counted as what became of it', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    for (let n = 0; n < 5; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const webhookId = await subscribe(scene)
    await updateWebhook(ctx, webhookId, { max_in_flight: 1 }, outside)
    const held: ServerResponse[] = []
    receiver.respond((_, response) => held.push(response))
    const { id } = await begin(ctx, webhookId, 'missing')
    await completed(ctx, id)
    await until('one is under way', () => held.length === 1)
    await cancelBackfill(ctx, id)
    assert.deepEqual(await counted(ctx, id), { enqueued: 5, delivered: 0, failed: 0, canceled: 5 })
    held[0]!.writeHead(204).end()
    await until('it is counted', async () => (await read(ctx, id)).delivered === 1)
    assert.deepEqual(await counted(ctx, id), { enqueued: 5, delivered: 1, failed: 0, canceled: 4 })
    assert.equal(receiver.received.length, 1)
  }))

/** Commits an event now that was recorded at a moment of the past, as a transaction that took its time does. */
const commitLate = async (ctx: Ctx, at: Date, n: number): Promise<void> => {
  const hex = at.getTime().toString(16).padStart(12, '0')
  const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7${newId().slice(15)}`
  await database.system
    .insertInto('event_outbox')
    .values({
      workspace_id: ctx.workspaceId,
      id,
      created_at: at,
      type: noteMade.type,
      names: [...noteMade.names],
      subject_type: 'note',
      subject_id: null,
      head: `{"type":"note.made","data":{"n":${n}},"sequence":`,
      tail: '}',
    })
    .execute()
}

test('an event of the window that is committed after the backfill went over its time is brought all the same', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    await makeNote(ctx, 1)
    await numberEvents(database)
    const at = new Date()
    // It subscribes to something else: only the backfill brings it notes.
    const webhookId = await subscribe(scene, ['webhook.deleted'])
    const others = await subscribe(scene, ['webhook.deleted'])
    const { id } = await begin(ctx, webhookId, 'missing', { types: ['note.*'] })
    assert.equal((await completed(ctx, id)).enqueued, 1)
    await commitLate(ctx, at, 2)
    // Of the time after the window, and so none of its business.
    await makeNote(ctx, 3)
    await numberEvents(database)
    await until('both are counted', async () => (await read(ctx, id)).delivered === 2)
    assert.deepEqual(notesOf(receiver).toSorted(), [1, 2])
    assert.equal(receiver.received.at(-1)!.headers['x-parley-replay'], '1')
    assert.deepEqual([(await read(ctx, id)).enqueued, (await begin(ctx, others, 'all')).estimated], [2, 0])
  }))

test('a backfill begins when all that was committed before it is in the log', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    const webhookId = await subscribe(scene, ['webhook.deleted'])
    await makeNote(ctx, 1)
    const { id, estimated } = await begin(ctx, webhookId, 'missing', { types: ['note.*'] })
    assert.equal(estimated, 0)
    assert.equal((await read(ctx, id)).status, 'running')
    await numberEvents(database)
    await completed(ctx, id)
    await until('it is counted', async () => (await read(ctx, id)).delivered === 1)
    assert.deepEqual(notesOf(receiver), [1])
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
