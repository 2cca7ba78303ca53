import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { silentLog } from '../../base/log.ts'
import { startWorker } from '../../work/worker.ts'
import type { Ctx } from '../context.ts'
import { createDeliveryKind } from './deliver-event.work.ts'
import { makeNote, makeOutside, numberEvents, until } from './delivering.fixture.ts'
import { createWebhook, getWebhook, listDeliveries } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const hourMs = 3_600_000
// Two attempts ten hours apart: a delivery takes as long as with the usual five, and the test less.
const schedule = [0, 36_000]

const waiting = async (ctx: Ctx) => {
  const [head] = await ctx.db
    .selectFrom('work_items')
    .select(['id', 'due_at', 'payload'])
    .where('kind', '=', 'webhook')
    .orderBy('number')
    .limit(1)
    .execute()
  return head
}

/**
 * An ordered webhook whose endpoint answers nothing but 500, with so many events for it. Time stands still while an attempt
 * is made, and then goes on to the next, until `hours` have passed or the webhook is disabled. Returns after how many hours.
 */
const fail = async (events: number, hours: number) => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const receiver = await startReceiver()
  receiver.respond((_, response) => response.writeHead(500).end())
  let now = Date.now()
  const clock = { now: () => new Date(now) }
  const outside = { ...makeOutside(schedule), clock }
  const { row } = await createWebhook(ctx, { url: receiver.url, events: ['note.*'], fifo: true }, outside)
  for (let n = 0; n < events; n++) await makeNote(ctx, n)
  await numberEvents(database)
  // Of the first attempt: the events became due by the time of the system.
  const begin = (await waiting(ctx))!.due_at.getTime()
  now = begin
  const kinds = [createDeliveryKind(outside, { random: () => 0.5 })]
  const worker = startWorker({ db: database.system, kinds, clock, log: silentLog, pollMs: 5 })
  const isDisabled = async () => (await getWebhook(ctx, row.id)).status === 'disabled'
  try {
    for (let head = await waiting(ctx); head && !(await isDisabled()); ) {
      const { id, payload } = head
      now = Math.max(now, head.due_at.getTime())
      if (now - begin > hours * hourMs) break
      await until('the attempt is written down', async () => {
        head = await waiting(ctx)
        return head?.id !== id || head.payload !== payload
      })
    }
    const failed = (await listDeliveries(ctx, { status: 'failed' }, { limit: 100, after: null })).rows.length
    return { disabledAfter: (await isDisabled()) ? (now - begin) / hourMs : null, failed }
  } finally {
    await worker.stop()
    await outside.safeHttp.close()
    await receiver.stop()
  }
}

test('an ordered webhook is disabled after five days like every other, for those behind a delivery count with it', async () => {
  const { disabledAfter, failed } = await fail(25, 200)
  assert.deepEqual([disabledAfter, failed], [120, 12])
})

test('an ordered webhook that had few events is not disabled for them', async () => {
  assert.deepEqual(await fail(19, 145), { disabledAfter: null, failed: 14 })
})
