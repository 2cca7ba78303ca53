import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test, { after } from 'node:test'
import { newId, timeOfId } from '../../../base/ids.ts'
import type { Ctx } from '../../context.ts'
import { makeNote, noteMade, numberEvents, until } from '../delivering.fixture.ts'
import { listDeliveries, retryDelivery, updateWebhook } from '../index.ts'
import { notesOf, openStage } from './filling.fixture.ts'
import { Backfill, cancelBackfill, getBackfill, presentBackfill } from './index.ts'

const { database, outside, withWorker, subscribe, begin, completed, close } = await openStage()
after(close)

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

test('a delivery that was retried by hand is none that a cancellation takes back, whatever becomes of it', () =>
  withWorker(async (scene) => {
    const { ctx } = scene
    for (let n = 0; n < 2; n++) await makeNote(ctx, n)
    await numberEvents(database)
    const webhookId = await subscribe(scene)
    await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
    const { id } = await begin(ctx, webhookId, 'missing')
    await completed(ctx, id)
    // As after a failure: what is due anyway cannot be retried by hand.
    const inAnHour = new Date(Date.now() + 3_600_000)
    await database.system.updateTable('work_items').set({ due_at: inAnHour }).where('key', '=', webhookId).execute()
    const { rows } = await listDeliveries(ctx, { webhookId }, { limit: 100, after: null })
    await retryDelivery(ctx, rows[0]!.id)
    await cancelBackfill(ctx, id)
    assert.deepEqual(await counted(ctx, id), { enqueued: 2, delivered: 0, failed: 0, canceled: 1 })
    await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
    await until('it is counted', async () => (await read(ctx, id)).delivered === 1)
    assert.deepEqual(await counted(ctx, id), { enqueued: 2, delivered: 1, failed: 0, canceled: 1 })
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

test('a backfill begins when all that was committed before it is in the log, even in the same millisecond', () =>
  withWorker(async (scene) => {
    const { ctx, receiver } = scene
    const webhookId = await subscribe(scene, ['webhook.deleted'])
    const at = timeOfId(await makeNote(ctx, 1))
    const { id, estimated } = await begin({ ...ctx, clock: { now: () => at } }, webhookId, 'missing', {
      types: ['note.*'],
    })
    assert.equal(estimated, 0)
    assert.equal((await read(ctx, id)).status, 'running')
    await numberEvents(database)
    await completed(ctx, id)
    await until('it is counted', async () => (await read(ctx, id)).delivered === 1)
    assert.deepEqual(notesOf(receiver), [1])
  }))
