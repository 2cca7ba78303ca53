import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { createWebhook } from './create-webhook.ts'
import { makeNote, makeOutside, numberEvents } from './delivering.fixture.ts'
import { deliveryKind } from './lane.ts'

const database = await openTestDatabase()
const outside = makeOutside()
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

test('more deliveries than go into one statement are numbered in every lane in the order of the log', async () => {
  const [webhooks, events] = [180, 30]
  const ctx = makeCtx(database, await makeWorkspace(database))
  for (let n = 0; n < webhooks; n++)
    await createWebhook(ctx, { url: `http://127.0.0.1:9999/${n}`, events: ['note.made'] }, outside)
  const made: string[] = []
  for (let n = 0; n < events; n++) made.push(await makeNote(ctx, n))
  await numberEvents(database)
  const items = await database.system
    .selectFrom('work_items')
    .select(['key', 'number', 'payload'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', deliveryKind)
    .orderBy('number')
    .execute()
  assert.equal(items.length, webhooks * events)
  const lanes = Map.groupBy(items, ({ key }) => key)
  assert.equal(lanes.size, webhooks)
  for (const lane of lanes.values()) {
    assert.deepEqual(
      lane.map(({ number }) => Number(number)),
      made.map((_, n) => n + 1),
    )
    assert.deepEqual(
      lane.map(({ payload }) => JSON.parse(payload).event_id),
      made,
    )
  }
})
