import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { toWireId } from '../../base/ids.ts'
import { listEvents, presentEvent } from '../events/index.ts'
import { makeNote, makeOutside, numberEvents, startDelivering, until } from './delivering.fixture.ts'
import { createWebhook, deleteWebhook, replayEvent } from './index.ts'

const database = await openTestDatabase()
// A first attempt, and one long after the test.
const outside = makeOutside([0, 3_600])
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

test('an event that a webhook did not take is found until it has it, or the webhook is gone', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const receiver = await startReceiver()
  const delivering = startDelivering(database, outside)
  try {
    receiver.respond((_, response, { body }) =>
      response.writeHead(JSON.parse(body.toString()).data?.n % 2 === 0 ? 500 : 200).end(),
    )
    const { row } = await createWebhook(ctx, { url: receiver.url, events: ['note.made'] }, outside)
    const ids: string[] = []
    for (let n = 0; n < 6; n++) ids.push(await makeNote(ctx, n))
    await numberEvents(database)
    const list = async (delivered: boolean) => {
      const page = { limit: 100, order: 'oldest', beyond: 0 } as const
      const { rows } = await listEvents(ctx, { delivered, type: 'note.made' }, page, outside)
      return rows.map((event) => presentEvent(event).id)
    }
    const wire = (...places: number[]) => places.map((place) => toWireId('event', ids[place]!))
    await until('all are tried', async () => receiver.received.length === 6 && (await list(false)).length === 3)
    assert.deepEqual(await list(false), wire(0, 2, 4))
    assert.deepEqual(await list(true), wire(1, 3, 5))

    receiver.respond((_, response) => response.writeHead(200).end())
    await replayEvent(ctx, ids[2]!, { webhookId: row.id })
    await until('it arrives', async () => (await list(false)).length === 2)
    assert.deepEqual(await list(false), wire(0, 4))

    await deleteWebhook(ctx, row.id)
    assert.deepEqual(await list(false), [])
    assert.deepEqual(await list(true), wire(0, 1, 2, 3, 4, 5))
  } finally {
    await delivering.stop()
    await receiver.stop()
  }
})
