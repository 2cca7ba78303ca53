import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import { enqueue } from '../../work/enqueue.ts'
import { startWorker } from '../../work/worker.ts'
import { makeNote, makeOutside, numberEvents } from './delivering.fixture.ts'
import { deliveryId } from './delivery-id.ts'
import {
  createBackfill,
  createBackfillKind,
  createWebhook,
  deleteWebhook,
  purgeLanes,
  replayEvents,
  updateWebhook,
} from './index.ts'
import { laneOf } from './lane.ts'

const database = await openTestDatabase()
const outside = makeOutside()
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

const url = 'http://127.0.0.1:9/'
const backWhenThere = (error: unknown) => {
  if (!(error instanceof AppError && ['NOT_FOUND', 'CONFLICT'].includes(error.code))) throw error
}

test('whoever changes, replays, backfills and deletes webhooks at once never waits in a circle', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const make = async (events: string[]) => (await createWebhook(ctx, { url, events }, outside)).row.id
  const few = await make(['memo.written'])
  const hooks = [few, await make(['*']), await make(['*'])]
  const notes: string[] = []
  for (let n = 0; n < 10; n++) notes.push(await makeNote(ctx, n))
  await numberEvents(database)
  const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) }
  const worker = startWorker({
    db: database.system,
    kinds: [createBackfillKind(outside)],
    clock: systemClock,
    log: silentLog,
    pollMs: 5,
  })
  const backfill = (webhookId: string) =>
    createBackfill(ctx, { webhook_id: webhookId, mode: 'all', max_per_second: 100, ...window }, outside)
  try {
    for (let round = 0; round < 12; round++) {
      const leaving = await make(['note.*'])
      await Promise.all(
        [
          ...[...hooks, leaving].flatMap((id) => [
            backfill(id),
            updateWebhook(ctx, id, { description: String(round) }, outside),
            backfill(id),
          ]),
          replayEvents(ctx, { event_ids: notes }, outside),
          makeNote(ctx, round).then(() => numberEvents(database)),
          deleteWebhook(ctx, leaving),
          replayEvents(ctx, { event_ids: notes.toReversed() }, outside),
        ].map((done: Promise<unknown>) => done.catch(backWhenThere)),
      )
    }
  } finally {
    await worker.stop()
  }
})

test('a lane that outlived its webhook is swept away, and no other', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const kept = (await createWebhook(ctx, { url, events: ['*'] }, outside)).row.id
  const gone = newId()
  await enqueue(database.system, [
    { ...laneOf(ctx.workspaceId, gone), id: deliveryId(newId(), gone, 0), dueAt: new Date(), payload: '{}' },
  ])
  await purgeLanes(database.system)
  const lanes = await database.system
    .selectFrom('lanes')
    .select('key')
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  assert.deepEqual(lanes, [{ key: kept }])
})
