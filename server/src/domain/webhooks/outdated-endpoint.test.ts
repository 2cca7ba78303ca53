import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Receiver, startReceiver } from '../../../test/receiver.ts'
import { systemClock } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import { transaction } from '../../database/transaction.ts'
import type { Finished } from '../../work/work-kind.ts'
import type { Ctx } from '../context.ts'
import { makeNote, makeOutside, startDelivering, until } from './delivering.fixture.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import { newDeliveryWork } from './delivery-work.ts'
import { createWebhook, getDelivery, getWebhook, listDeliveries, rotateSecret, updateWebhook } from './index.ts'
import { laneOf } from './lane.ts'
import type { Attempt } from './send-delivery.ts'
import { settleDeliveries } from './settle-deliveries.ts'

const database = await openTestDatabase()
// One attempt: a failure that counts is a failure for good.
const outside = makeOutside([0])
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

type Scene = {
  ctx: Ctx
  webhookId: string
  old: Receiver
  next: Receiver
  /** Requests that the old endpoint has not answered yet. */
  held: ServerResponse[]
  /** Records an event and waits until the old endpoint holds it back. */
  hold: () => Promise<string>
}

const withScene = async (play: (scene: Scene) => Promise<void>): Promise<void> => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const [old, next] = [await startReceiver(), await startReceiver()]
  const { row } = await createWebhook(ctx, { url: old.url, events: ['note.*'] }, outside)
  const delivering = startDelivering(database, outside, { deadlineMs: 60_000 })
  const held: ServerResponse[] = []
  const hold = async () => {
    old.respond((_, response) => held.push(response))
    const eventId = await makeNote(ctx, 100)
    await until('the old endpoint has it', () => held.length > 0)
    return eventId
  }
  try {
    await play({ ctx, webhookId: row.id, old, next, held, hold })
  } finally {
    for (const response of held) response.destroy()
    await delivering.stop()
    await Promise.all([old.stop(), next.stop()])
  }
}

const deliveriesOf = async (ctx: Ctx, eventId?: string) =>
  (await listDeliveries(ctx, { eventId }, { limit: 100, after: null })).rows.filter(({ finished_at }) => finished_at)

const finished = async (ctx: Ctx, eventId: string) => {
  await until('it has ended', async () => (await deliveriesOf(ctx, eventId)).length === 1)
  return getDelivery(ctx, (await deliveriesOf(ctx, eventId))[0]!.id)
}

const troublesOf = (ctx: Ctx) => ctx.db.selectFrom('webhook_troubles').selectAll().execute()

for (const [answer, status] of [
  ['asks never to be called again', 410],
  ['refuses what it got', 500],
] as const)
  test(`an endpoint that ${answer} after its webhook has moved harms neither the webhook nor the delivery`, () =>
    withScene(async ({ ctx, webhookId, next, held, hold }) => {
      const eventId = await hold()
      await updateWebhook(ctx, webhookId, { url: next.url }, outside)
      held.shift()!.writeHead(status).end()
      const { row, attempts } = await finished(ctx, eventId)
      assert.deepEqual([row.status, attempts.map(({ http_status }) => http_status)], ['delivered', [status, 204]])
      assert.equal(next.received.length, 1)
      assert.equal((await getWebhook(ctx, webhookId)).status, 'active')
      assert.deepEqual(await troublesOf(ctx), [])
    }))

test('what the endpoint of before accepts does not say that the one of now is well', () =>
  withScene(async ({ ctx, webhookId, old, next, held, hold }) => {
    old.respond((_, response) => response.writeHead(400).end())
    await finished(ctx, await makeNote(ctx, 10))
    assert.equal((await troublesOf(ctx)).length, 1)
    const eventId = await hold()
    await updateWebhook(ctx, webhookId, { url: next.url }, outside)
    held.shift()!.writeHead(204).end()
    assert.equal((await finished(ctx, eventId)).row.status, 'delivered')
    const [trouble] = await troublesOf(ctx)
    assert.deepEqual([Number(trouble?.failed_deliveries), Number(trouble?.forgiven_deliveries)], [1, 1])
    await finished(ctx, await makeNote(ctx, 11))
    assert.equal(next.received.length, 1)
    assert.deepEqual(await troublesOf(ctx), [])
  }))

test('a webhook that is made active again is not disabled by an answer from before', () =>
  withScene(async ({ ctx, webhookId, old, held, hold }) => {
    const eventId = await hold()
    await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
    await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
    old.respond((_, response) => response.writeHead(204).end())
    held.shift()!.writeHead(410).end()
    assert.equal((await finished(ctx, eventId)).row.status, 'delivered')
    assert.equal((await getWebhook(ctx, webhookId)).status, 'active')
  }))

test('a refusal of the secret of before costs the delivery nothing', () =>
  withScene(async ({ ctx, webhookId, old, held, hold }) => {
    const eventId = await hold()
    await rotateSecret(ctx, webhookId, { overlapSeconds: 0 }, outside)
    old.respond((_, response) => response.writeHead(204).end())
    held.shift()!.writeHead(401).end()
    const { row, attempts } = await finished(ctx, eventId)
    assert.deepEqual([row.status, attempts.length], ['delivered', 2])
    assert.deepEqual(await troublesOf(ctx), [])
  }))

test('what the endpoint of before accepts while the one of now fails ends no trouble', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { row } = await createWebhook(ctx, { url: 'http://127.0.0.1:9998/', events: ['note.*'] }, outside)
  await updateWebhook(ctx, row.id, { url: 'http://127.0.0.1:9999/' }, outside)
  const ended = (version: number, inTrouble: boolean, errorCode: 'http_error' | null): Finished<DeliveryOutcome> => {
    const id = newId()
    const httpStatus = errorCode === null ? 204 : 500
    const timings = { dns: null, connect: null, tls: null, ttfb: null, total: 1 }
    const answer = { requestHeaders: {}, response: null, remoteAddress: null, written: true, promoted: null }
    const attempt: Attempt = { at: new Date(), httpStatus, errorCode, timings, ...answer }
    const work = newDeliveryWork({ id, type: 'note.made' }, 'event', 0)
    return {
      item: {
        ...{ ...laneOf(ctx.workspaceId, row.id), id, number: 1, band: 0, attempt: 1 },
        ...{ dueAt: new Date(), createdAt: new Date(), payload: JSON.stringify(work) },
      },
      result: { outcome: 'attempted', work, attempt, policy: 'standard', inTrouble, version, promote: null },
      epoch: 1,
      stale: false,
    }
  }
  const settling = {
    clock: systemClock,
    log: silentLog,
    schedules: { standard: [0], extended: [0] },
    random: () => 0.5,
  }
  const settle = (finished: Finished<DeliveryOutcome>[]) =>
    transaction(database.system, (tx) => settleDeliveries(tx, finished, settling))
  await settle([ended(1, false, 'http_error')])
  await settle([ended(0, false, null), ended(1, true, 'http_error')])
  const [trouble] = await troublesOf(ctx)
  assert.equal(Number(trouble?.failed_deliveries), 2)
  await settle([ended(1, true, null), ended(1, true, 'http_error')])
  assert.deepEqual(await troublesOf(ctx), [])
})
