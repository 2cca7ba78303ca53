import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { after, before } from 'node:test'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Received, type Receiver, startReceiver } from '../../../test/receiver.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import { leaseLanes, readDueItems } from '../../work/lanes.ts'
import { settle } from '../../work/settle.ts'
import type { Ctx } from '../context.ts'
import { EventDelivery, EventDeliveryWithAttempts } from './contract.ts'
import { createDeliveryKind } from './deliver-event.work.ts'
import { makeNote, makeOutside, numberEvents, type Outside, startDelivering, until } from './delivering.fixture.ts'
import {
  createWebhook,
  deleteWebhook,
  getDelivery,
  getWebhook,
  listDeliveries,
  presentAttempt,
  presentDelivery,
  retryDelivery,
  updateWebhook,
} from './index.ts'

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))

type Scene = { ctx: Ctx; outside: Outside; receiver: Receiver; webhookId: string; secret: string }

/** A receiver that is down to business: a workspace, a webhook for notes, and everything closed afterwards. */
const withReceiver = async (play: (scene: Scene) => Promise<void>, schedule?: readonly number[]): Promise<void> => {
  const [ctx, receiver, outside] = [await makeCaller(), await startReceiver(), makeOutside(schedule)]
  try {
    const { row, secret } = await createWebhook(ctx, { url: receiver.url, events: ['note.*'] }, outside)
    await play({ ctx, outside, receiver, webhookId: row.id, secret })
  } finally {
    await outside.safeHttp.close()
    await receiver.stop()
  }
}

const deliveriesOf = async (ctx: Ctx) =>
  (await listDeliveries(ctx, {}, { limit: 100, after: null })).rows.map((row) =>
    EventDelivery.parse(presentDelivery(row)),
  )

const detailOf = async (ctx: Ctx, eventId: string) => {
  const { rows } = await listDeliveries(ctx, { eventId }, { limit: 100, after: null })
  assert.equal(rows.length, 1)
  const { row, attempts } = await getDelivery(ctx, rows[0]!.id)
  return EventDeliveryWithAttempts.parse({ ...presentDelivery(row), attempts: attempts.map(presentAttempt) })
}

const settled = (ctx: Ctx, eventId: string) =>
  until('the delivery is finished', async () => {
    const { rows } = await listDeliveries(ctx, { eventId }, { limit: 1, after: null })
    return rows.length > 0 && rows[0]!.status !== 'pending'
  })

const running = async (
  outside: Outside,
  work: () => Promise<void>,
  tuning?: { deadlineMs?: number },
): Promise<void> => {
  const { stop } = startDelivering(database, outside, tuning)
  try {
    await work()
  } finally {
    await stop()
  }
}

// Written from the published page alone: the whole secret keys an HMAC over the raw body.
const isGenuine = ({ headers, body }: Received, secret: string, header = 'x-parley-signature'): boolean =>
  headers[header] === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

const standardHeaders = ({ headers }: Received) => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
})

test('every delivery verifies both ways and carries the stored text of its event', () =>
  withReceiver(async ({ ctx, outside, receiver, secret, webhookId }) => {
    await running(outside, async () => {
      for (let n = 0; n < 20; n++) await makeNote(ctx, n, 'Grüße, 你好 \u2028 "quoted"')
      await until('all arrive', () => receiver.received.length === 20)
    })
    const stored = await ctx.db.selectFrom('events').select(['id', 'payload']).where('type', '=', 'note.made').execute()
    const standard = new StandardWebhook(secret)
    for (const request of receiver.received) {
      const { headers, body } = request
      assert.ok(isGenuine(request, secret))
      standard.verify(body, standardHeaders(request))
      assert.throws(() => standard.verify(`${body} `, standardHeaders(request)))
      const event = stored.find(({ id }) => toWireId('event', id) === headers['webhook-id'])
      assert.equal(body.toString(), event?.payload)
      assert.equal(headers['content-type'], 'application/json')
      assert.equal(headers['user-agent'], 'Parley-Webhooks/1.0')
      assert.equal(headers['x-parley-event'], 'note.made')
      assert.equal(headers['x-parley-attempt'], '1')
      assert.equal(headers['x-parley-timestamp'], headers['webhook-timestamp'])
      assert.equal(headers['x-parley-replay'], undefined)
      assert.match(String(headers['x-parley-delivery']), /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/)
    }
    const deliveries = await deliveriesOf(ctx)
    assert.deepEqual(
      new Set(deliveries.map(({ status, attempt_count }) => `${status} ${attempt_count}`)),
      new Set(['delivered 1']),
    )
    assert.deepEqual(new Set(deliveries.map(({ webhook_id }) => webhook_id)), new Set([toWireId('webhook', webhookId)]))
    assert.equal(new Set(deliveries.map(({ id }) => id)).size, 20)
  }))

test('the brand of the headers is a setting', () =>
  withReceiver(async ({ ctx, outside, receiver, secret }) => {
    outside.settings.webhookHeaderBrand = 'KlairoAI'
    await running(outside, async () => {
      await makeNote(ctx, 1)
      await until('it arrives', () => receiver.received.length === 1)
    })
    assert.ok(isGenuine(receiver.received[0]!, secret, 'x-klairoai-signature'))
    assert.equal(receiver.received[0]!.headers['x-klairoai-event'], 'note.made')
    assert.ok(!JSON.stringify(receiver.received[0]!.headers).toLowerCase().includes('parley'))
  }))

test('a receiver that is down gets the event when it returns, under the same ids, and every attempt is listed', () =>
  withReceiver(
    async ({ ctx, outside, receiver, secret }) => {
      await receiver.stop()
      let eventId = ''
      await running(outside, async () => {
        eventId = await makeNote(ctx, 1)
        await until('an attempt failed', async () => {
          const rows = await deliveriesOf(ctx)
          return rows.length === 1 && rows[0]!.attempt_count >= 2
        })
        const pending = await detailOf(ctx, eventId)
        assert.equal(pending.status, 'pending')
        assert.equal(pending.error?.code, 'connect_refused')
        assert.ok(pending.next_attempt_at)
        receiver.respond((_, response, { number }) => response.writeHead(number === 0 ? 503 : 200).end('thanks\0'))
        await receiver.start()
        await settled(ctx, eventId)
      })
      const delivery = await detailOf(ctx, eventId)
      const [refused, arrived] = receiver.received
      assert.equal(receiver.received.length, 2)
      assert.equal(delivery.status, 'delivered')
      assert.equal(delivery.http_status, 200)
      assert.equal(delivery.error, null)
      assert.equal(delivery.attempt_count, delivery.attempts.length)
      assert.deepEqual(
        delivery.attempts.map(({ number }) => number),
        delivery.attempts.map((_, i) => i + 1),
      )
      const answered = delivery.attempts.slice(-2)
      assert.ok(
        delivery.attempts.slice(0, -2).every(({ error, response }) => error?.code === 'connect_refused' && !response),
      )
      assert.deepEqual(
        answered.map(({ http_status, error }) => [http_status, error?.code ?? null]),
        [
          [503, 'http_error'],
          [200, null],
        ],
      )
      for (const name of ['webhook-id', 'x-parley-delivery', 'x-parley-event'])
        assert.equal(refused!.headers[name], arrived!.headers[name])
      assert.deepEqual(refused!.body, arrived!.body)
      assert.equal(arrived!.headers['x-parley-attempt'], String(delivery.attempt_count))
      assert.ok(isGenuine(arrived!, secret))
      new StandardWebhook(secret).verify(arrived!.body, standardHeaders(arrived!))
      assert.equal(answered[1]!.response?.body, 'thanks')
      assert.equal(answered[1]!.request.headers['webhook-signature'], arrived!.headers['webhook-signature'])
      assert.equal(answered[1]!.remote_address, '127.0.0.1')
      assert.ok(answered[1]!.timings_ms.total > 0)
      assert.ok(!JSON.stringify(delivery).includes(secret.slice(6)))
    },
    [0, ...Array<number>(200).fill(0.2)],
  ))

test('when the last attempt of the schedule fails, the delivery has failed', () =>
  withReceiver(
    async ({ ctx, outside, receiver }) => {
      receiver.respond((_, response) => response.writeHead(500).end('broken'))
      await running(outside, async () => settled(ctx, await makeNote(ctx, 1)))
      const [delivery] = await deliveriesOf(ctx)
      assert.equal(receiver.received.length, 3)
      assert.equal(delivery!.status, 'failed')
      assert.equal(delivery!.attempt_count, 3)
      assert.equal(delivery!.http_status, 500)
      assert.equal(delivery!.error?.code, 'http_error')
      assert.equal(delivery!.next_attempt_at, null)
    },
    [0, 0, 0],
  ))

test('hanging, resetting, dripping and redirecting endpoints fail in their own way; a large answer is cut', () =>
  withReceiver(
    async ({ ctx, outside, receiver }) => {
      receiver.respond((_, response, { body }) => {
        const { n } = JSON.parse(body.toString()).data
        if (n === 1) response.socket?.resetAndDestroy()
        if (n === 2) response.writeHead(302, { location: 'https://example.com/' }).end()
        if (n === 3) response.writeHead(200).write('drip')
        if (n === 4) response.writeHead(200, { 'x-one': ['a', 'b'] }).end(Buffer.alloc(10_000_000, 'x'))
        if (n === 5) response.socket?.end('not http at all\r\n\r\n')
      })
      const kinds: string[] = []
      await running(
        outside,
        async () => {
          const ids = []
          for (let n = 0; n < 6; n++) ids.push(await makeNote(ctx, n))
          for (const id of ids) {
            await settled(ctx, id)
            const { status, http_status, error, attempts } = await detailOf(ctx, id)
            kinds.push(`${status} ${http_status} ${error?.code}`)
            assert.equal(attempts.length, 1)
            assert.ok(!/ECONN|127\.0/.test(JSON.stringify(error)))
            if (status !== 'delivered') continue
            assert.equal(attempts[0]!.response?.body.length, 4_096)
            assert.equal(attempts[0]!.response?.truncated, true)
          }
        },
        { deadlineMs: 1_000 },
      )
      assert.deepEqual(kinds, [
        'failed null timeout',
        'failed null reset',
        'failed 302 redirect',
        'failed 200 timeout',
        'delivered 200 undefined',
        'failed null protocol_error',
      ])
    },
    [0],
  ))

test('an endpoint that answers 410 is called no more, and gets what it missed once its webhook is made active', () =>
  withReceiver(
    async ({ ctx, outside, receiver, webhookId }) => {
      receiver.respond((_, response, { number }) => response.writeHead(number === 0 ? 500 : 410).end())
      await running(outside, async () => {
        await makeNote(ctx, 1)
        await until('the first attempt failed', () => receiver.received.length === 1)
        const second = await makeNote(ctx, 2)
        await until('the webhook is disabled', async () => (await getWebhook(ctx, webhookId)).status === 'disabled')
        assert.equal((await getWebhook(ctx, webhookId)).disabled_reason, 'endpoint_gone')
        const third = await makeNote(ctx, 3)
        await until('the third is collected', async () => (await deliveriesOf(ctx)).length === 3)
        await until('the change is told', async () => {
          const last = await ctx.db
            .selectFrom('events')
            .select(['type', 'payload'])
            .where('type', '=', 'webhook.updated')
            .executeTakeFirst()
          return last !== undefined && JSON.parse(last.payload).data.status === 'disabled'
        })
        assert.equal(receiver.received.length, 2)
        assert.deepEqual(
          (await deliveriesOf(ctx)).map(({ status, error, sequence }) => [sequence, status, error?.code]),
          [
            [3, 'pending', undefined],
            [2, 'pending', 'endpoint_gone'],
            [1, 'pending', 'http_error'],
          ],
        )
        receiver.respond((_, response) => response.writeHead(200).end())
        const revived = await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
        assert.equal(revived.disabled_reason, null)
        for (const missed of [second, third]) {
          await settled(ctx, missed)
          assert.equal((await detailOf(ctx, missed)).status, 'delivered')
        }
      })
    },
    [0, 3_600],
  ))

test('an ordered webhook gets its events one by one, and none before the one that failed before it', () =>
  withReceiver(
    async ({ ctx, outside, receiver, webhookId }) => {
      await updateWebhook(ctx, webhookId, { fifo: true }, outside)
      receiver.respond((_, response, { number }) => response.writeHead(number === 3 ? 503 : 200).end())
      await running(outside, async () => {
        for (let n = 1; n <= 20; n++) await makeNote(ctx, n)
        await until('all arrive', () => receiver.received.length === 21)
      })
      const numbers = receiver.received.map(({ headers }) => Number(headers['x-parley-delivery-sequence']))
      assert.deepEqual(numbers, [1, 2, 3, 4, 4, ...Array.from({ length: 16 }, (_, i) => i + 5)])
      const order = receiver.received.map(({ body }) => JSON.parse(body.toString()).data.n as number)
      assert.deepEqual(order, numbers)
    },
    [0, 0.1],
  ))

test('a delivery keeps its number when it is sent again, and a replay has the number of its event', () =>
  withReceiver(
    async ({ ctx, outside, receiver }) => {
      receiver.respond((_, response, { number }) => response.writeHead(number === 0 ? 500 : 200).end())
      await running(outside, async () => {
        const first = await makeNote(ctx, 1)
        await until('it arrives', () => receiver.received.length === 2)
        await settled(ctx, first)
        await retryDelivery(ctx, (await listDeliveries(ctx, { eventId: first }, { limit: 1, after: null })).rows[0]!.id)
        await until('it arrives again', () => receiver.received.length === 3)
      })
      assert.deepEqual(
        receiver.received.map(({ headers }) => headers['x-parley-delivery-sequence']),
        ['1', '1', '1'],
      )
    },
    [0, 0.1],
  ))

test('a filter lets through what fits it, and only that is numbered', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    await updateWebhook(ctx, webhookId, { filter: [{ path: 'data.n', op: 'gte', value: 8 }] }, outside)
    await running(outside, async () => {
      for (let n = 1; n <= 10; n++) await makeNote(ctx, n)
      await until('those that fit arrive', () => receiver.received.length === 3)
      await updateWebhook(ctx, webhookId, { filter: null }, outside)
      await makeNote(ctx, 1)
      await until('without a filter all do', () => receiver.received.length === 4)
    })
    assert.deepEqual(
      new Set(receiver.received.map(({ headers }) => headers['x-parley-delivery-sequence'])),
      new Set(['1', '2', '3', '4']),
    )
  }))

test('the own headers of a webhook are sent, sealed at rest, and shown masked', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    const headers = { Authorization: 'Bearer canary-of-the-gateway', 'X-Tenant': 'acme' }
    const row = await updateWebhook(ctx, webhookId, { headers }, outside)
    await running(outside, async () => {
      const eventId = await makeNote(ctx, 1)
      await until('it arrives', () => receiver.received.length === 1)
      await settled(ctx, eventId)
      const shown = JSON.stringify([
        await detailOf(ctx, eventId),
        row.header_names,
        await ctx.db.selectFrom('events').select('payload').execute(),
        await ctx.db.selectFrom('audit_logs').selectAll().execute(),
        await ctx.db.selectFrom('webhooks').selectAll().execute(),
      ])
      assert.ok(shown.includes('••••') && !shown.includes('canary'))
    })
    const { headers: got } = receiver.received[0]!
    assert.deepEqual([got.authorization, got['x-tenant']], [headers.Authorization, 'acme'])
    await updateWebhook(ctx, webhookId, { headers: null }, outside)
    assert.deepEqual((await getWebhook(ctx, webhookId)).header_names, [])
  }))

test('a paused webhook collects, and delivers in order once it is resumed', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
    await running(outside, async () => {
      for (let n = 0; n < 60; n++) await makeNote(ctx, n)
      await until('all are collected', async () => (await deliveriesOf(ctx)).length === 60)
      assert.equal(receiver.received.length, 0)
      assert.ok(
        (await deliveriesOf(ctx)).every(({ status, attempt_count }) => status === 'pending' && attempt_count === 0),
      )
      await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
      await until('all arrive', () => receiver.received.length === 60)
    })
    const order = receiver.received.map(({ body }) => JSON.parse(body.toString()).data.n as number)
    // Oldest first, but eight are under way at once, and while one of them is slow the others go on.
    for (const [i, n] of order.entries()) assert.ok(Math.abs(n - i) < 30, `${n} came at place ${i}`)
  }))

test('pausing holds at once what is already leased to a worker', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    const held: (() => void)[] = []
    // The first ones are answered, for the window opens with success.
    receiver.respond((_, response, { number }) => {
      if (number < 10) response.writeHead(200).end()
      else held.push(() => response.writeHead(200).end())
    })
    await running(outside, async () => {
      for (let n = 0; n < 40; n++) await makeNote(ctx, n)
      await until('the window is full', () => held.length === 8)
      await updateWebhook(ctx, webhookId, { status: 'paused' }, outside)
      for (const answer of held) answer()
      receiver.respond((_, response) => response.writeHead(200).end())
      await until('the lane is lost', async () => {
        const lanes = await database.system.selectFrom('lanes').selectAll().where('key', '=', webhookId).execute()
        return lanes.every(({ lease_until }) => lease_until === null || lease_until < new Date(Date.now() + 8_500))
      })
      assert.equal(receiver.received.length, 18)
      await updateWebhook(ctx, webhookId, { status: 'active' }, outside)
      await until('all arrive', async () => (await deliveriesOf(ctx)).every(({ status }) => status === 'delivered'))
    })
    const deliveries = await deliveriesOf(ctx)
    assert.equal(deliveries.length, 40)
    assert.ok(deliveries.every(({ attempt_count }) => attempt_count === 1))
  }))

test('when a worker is lost, another delivers once the lease has ended, and the lost one can only leave evidence', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    const eventId = await makeNote(ctx, 1)
    await numberEvents(database)
    const now = new Date()
    const kind = createDeliveryKind(outside)
    const lanes = await leaseLanes(database.system, { kinds: ['webhook'], owner: newId(), now, limit: 100 })
    const lost = lanes.filter(({ key }) => key === webhookId)
    const [item] = await readDueItems(database.system, lost, now, 1)
    const [input] = await kind.prepare(database.system, [item!])
    const result = await kind.run(item!, input, new AbortController().signal)
    assert.equal(receiver.received.length, 1)
    // Here the worker dies: it has sent, but neither settled nor given the lane back.
    await running(outside, async () => {
      assert.equal((await detailOf(ctx, eventId)).status, 'pending')
      await database.system
        .updateTable('lanes')
        .set({ lease_until: new Date(Date.now() - 1_000) })
        .where('key', '=', webhookId)
        .execute()
      await settled(ctx, eventId)
    })
    const delivered = await detailOf(ctx, eventId)
    assert.equal(delivered.status, 'delivered')
    assert.equal(delivered.attempts.length, 1)
    const [first, second] = receiver.received
    assert.equal(receiver.received.length, 2)
    assert.equal(first!.headers['webhook-id'], second!.headers['webhook-id'])
    assert.equal(first!.headers['x-parley-delivery'], second!.headers['x-parley-delivery'])
    await settle(database.system, kind, [{ item: item!, result, epoch: lost[0]!.epoch }])
    const after = await detailOf(ctx, eventId)
    assert.deepEqual({ ...after, attempts: [] }, { ...delivered, attempts: [] })
    assert.deepEqual(
      after.attempts.map(({ number, http_status }) => [number, http_status]),
      [
        [1, 204],
        [1, 204],
      ],
    )
  }))

test('a worker that is told to stop interrupts what hangs; the attempt is listed and made again, without a loss', () =>
  withReceiver(
    async ({ ctx, outside, receiver }) => {
      receiver.respond(() => undefined)
      const first = startDelivering(database, outside)
      const eventId = await makeNote(ctx, 1)
      await until('it is under way', () => receiver.received.length === 1)
      await first.stop(0)
      const pending = await detailOf(ctx, eventId)
      assert.equal(pending.status, 'pending')
      assert.equal(pending.attempts[0]?.error?.code, 'interrupted')
      receiver.respond((_, response) => response.writeHead(200).end())
      await running(outside, () => settled(ctx, eventId))
      const delivered = await detailOf(ctx, eventId)
      assert.equal(delivered.status, 'delivered')
      assert.equal(delivered.attempt_count, 2)
    },
    [0],
  ))

test('a secret that cannot be opened uses up no attempt: the delivery waits until a process can open it', () =>
  withReceiver(
    async ({ ctx, outside, receiver, secret }) => {
      const stranger = makeOutside([0])
      let eventId = ''
      try {
        await running(stranger, async () => {
          eventId = await makeNote(ctx, 1)
          await until('it was looked at', async () => (await deliveriesOf(ctx))[0]?.error != null)
        })
      } finally {
        await stranger.safeHttp.close()
      }
      const waiting = await detailOf(ctx, eventId)
      assert.deepEqual([waiting.status, waiting.error?.code], ['pending', 'secret_unavailable'])
      assert.deepEqual([waiting.attempt_count, waiting.attempts], [0, []])
      const waits = Date.parse(waiting.next_attempt_at!) - Date.parse(waiting.created_at)
      assert.ok(waits >= 300_000)
      assert.equal(receiver.received.length, 0)

      const [delivery] = (await listDeliveries(ctx, { eventId }, { limit: 1, after: null })).rows
      await retryDelivery(ctx, delivery!.id)
      await running(outside, () => settled(ctx, eventId))
      const delivered = await detailOf(ctx, eventId)
      assert.deepEqual([delivered.status, delivered.error, delivered.attempt_count], ['delivered', null, 1])
      assert.ok(isGenuine(receiver.received[0]!, secret))
    },
    [0],
  ))

test('what waits for a deleted webhook goes with it; what was delivered stays listed', () =>
  withReceiver(async ({ ctx, outside, receiver, webhookId }) => {
    await running(outside, async () => settled(ctx, await makeNote(ctx, 1)))
    await makeNote(ctx, 2)
    await numberEvents(database)
    await deleteWebhook(ctx, webhookId)
    await running(outside, async () => {
      const { row } = await createWebhook(ctx, { url: receiver.url, events: ['note.made'] }, outside)
      await settled(ctx, await makeNote(ctx, 3))
      const { rows } = await listDeliveries(ctx, { webhookId }, { limit: 10, after: null })
      assert.deepEqual(
        rows.map(({ status }) => status),
        ['delivered'],
      )
      assert.equal((await listDeliveries(ctx, { webhookId: row.id }, { limit: 10, after: null })).rows.length, 1)
    })
    assert.equal(receiver.received.length, 2)
  }))

test('500 events reach 3 webhooks, each exactly once while nothing fails', () =>
  withReceiver(async ({ ctx, outside, receiver }) => {
    const others = [await startReceiver(), await startReceiver()]
    for (const { url } of others) await createWebhook(ctx, { url, events: ['memo.written'] }, outside)
    try {
      const ids: string[] = []
      await running(outside, async () => {
        for (let n = 0; n < 500; n++) ids.push(toWireId('event', await makeNote(ctx, n)))
        await until('all arrive', async () => {
          const row = await database.system
            .selectFrom('deliveries')
            .select(({ fn }) => fn.countAll<number>().as('n'))
            .where('workspace_id', '=', ctx.workspaceId)
            .executeTakeFirstOrThrow()
          return row.n === 1_500
        })
      })
      for (const { received } of [receiver, ...others])
        assert.deepEqual(received.map(({ headers }) => headers['webhook-id']).sort(), ids.toSorted())
    } finally {
      for (const other of others) await other.stop()
    }
  }))
