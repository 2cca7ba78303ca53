import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { z } from 'zod'
import { openTestDatabase } from '../test/database.ts'
import { makeCtx, makeWorkspace } from '../test/make.ts'
import { newId, timeOfId } from './base/ids.ts'
import { silentLog } from './base/log.ts'
import { createSecretBox } from './base/secret-box.ts'
import { createWebhookSecret } from './base/signature.ts'
import { dayOf } from './database/partitions.ts'
import { transaction } from './database/transaction.ts'
import type { Ctx } from './domain/context.ts'
import { defineEvent, type EventPage, getEvent, listEvents, sequenceEvents } from './domain/events/index.ts'
import { deliveryId } from './domain/webhooks/delivery-id.ts'
import { createFanOut, noteExpiredDay, readCheckpoint } from './domain/webhooks/index.ts'
import { endHistory } from './end-history.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const noted = defineEvent({ type: 'note.made', description: 'A note.', data: z.object({}), example: {} })
const dayMs = 86_400_000
const now = new Date()
const outside = { database, log: silentLog, clock: { now: () => now } }

// Only these plans are in use: the longest of them decides about partitions.
const plans = { month: 'starter', week: 'free' } as const

const makeCaller = async (plan: keyof typeof plans): Promise<Ctx> => {
  const workspaceId = await makeWorkspace(database)
  const created_at = new Date(now.getTime() - 100 * dayMs)
  await system
    .updateTable('workspaces')
    .set({ plan_id: plans[plan], created_at })
    .where('id', '=', workspaceId)
    .execute()
  return makeCtx(database, workspaceId)
}

const daysAgo = (days: number): Date => new Date(now.getTime() - days * dayMs)

const ensureDay = (at: Date) => database.prepareDays(at)

/** Events of so many days ago, as they were recorded then. The database's ids go up, so they are made here. */
const recordAt = async (ctx: Ctx, at: Date, count = 1): Promise<string[]> => {
  await ensureDay(at)
  const ids = Array.from({ length: count }, (_, n) => {
    const hex = (at.getTime() + n).toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7${newId().slice(15)}`
  })
  await transaction(system, async (tx) => {
    for (const [n, id] of ids.entries())
      await tx
        .insertInto('event_outbox')
        .values({
          workspace_id: ctx.workspaceId,
          id,
          created_at: new Date(at.getTime() + n),
          type: noted.type,
          names: [...noted.names],
          subject_type: 'note',
          subject_id: null,
          head: '{"sequence":',
          tail: '}',
        })
        .execute()
  })
  while ((await sequenceEvents(system, createFanOut())).more);
  return ids
}

const oldest = (beyond: number): EventPage => ({ limit: 100, order: 'oldest', beyond })
const numbersAfter = async (ctx: Ctx, beyond: number) =>
  (await listEvents(ctx, {}, oldest(beyond), { eventTypes: [noted] })).rows.map(({ sequence }) => Number(sequence))

const makeWebhook = async (ctx: Ctx, status: 'active' | 'paused'): Promise<string> => {
  const id = newId()
  await sql`insert into webhooks (workspace_id, id, url, events, status, created_at, updated_at)
    values (${ctx.workspaceId}, ${id}, 'https://example.com', '{*}', ${status}, ${now}, ${now})`.execute(system)
  return id
}

const waitingOf = async (ctx: Ctx) =>
  (await system.selectFrom('work_items').select('id').where('workspace_id', '=', ctx.workspaceId).execute()).length

const keepHouse = async () => {
  // A pass that gave something up leaves the dropping to the next.
  await endHistory(outside)
  await endHistory(outside)
}

test('a day that no plan keeps is dropped, and whoever is still behind it is told', async () => {
  const ctx = await makeCaller('month')
  const [gone] = await recordAt(ctx, daysAgo(31), 3)
  const [kept] = await recordAt(ctx, daysAgo(30), 2)
  await recordAt(ctx, daysAgo(1), 2)
  assert.deepEqual(await numbersAfter(ctx, 0), [1, 2, 3, 4, 5, 6, 7])
  await keepHouse()
  assert.deepEqual(await numbersAfter(ctx, 0), [4, 5, 6, 7])
  assert.deepEqual(await numbersAfter(ctx, 3), [4, 5, 6, 7])
  assert.deepEqual(await numbersAfter(ctx, 7), [])
  for (const beyond of [1, 2])
    await assert.rejects(numbersAfter(ctx, beyond), { code: 'EVENTS_EXPIRED', details: { oldest_sequence: 4 } })
  await assert.rejects(getEvent(ctx, gone!), { code: 'NOT_FOUND' })
  assert.equal((await getEvent(ctx, kept!)).id, kept)
  const days = await database.listDays()
  assert.ok(!days.includes(dayOf(daysAgo(31))))
  assert.ok(days.includes(dayOf(daysAgo(30))))
})

test('where nothing is kept any more, a reader who saw the last is not behind, and one who did not is', async () => {
  const ctx = await makeCaller('month')
  await recordAt(ctx, daysAgo(40), 3)
  await keepHouse()
  assert.deepEqual(await numbersAfter(ctx, 0), [])
  assert.deepEqual(await numbersAfter(ctx, 3), [])
  await assert.rejects(numbersAfter(ctx, 2), { code: 'EVENTS_EXPIRED', details: { oldest_sequence: 4 } })
})

test('a shorter plan loses its own days and nobody else’s', async () => {
  const [short, long] = [await makeCaller('week'), await makeCaller('month')]
  for (const days of [9, 8, 7, 1]) {
    await recordAt(short, daysAgo(days), 2)
    await recordAt(long, daysAgo(days), 2)
  }
  await system
    .insertInto('request_logs')
    .values(
      [8, 7].map((days) => ({
        workspace_id: short.workspaceId,
        created_at: daysAgo(days),
        id: newId(),
        key_id: null,
        method: 'GET',
        route: '/v1/agents',
        status: 200,
        duration_ms: 1,
        bytes_in: 0,
        bytes_out: 2,
        address: '127.0.0.1',
        request_id: 'req_1',
        idempotency_key_hash: null,
        error_code: null,
      })),
    )
    .execute()
  await keepHouse()
  assert.deepEqual(await numbersAfter(short, 0), [5, 6, 7, 8])
  await assert.rejects(numbersAfter(short, 3), { code: 'EVENTS_EXPIRED' })
  assert.deepEqual(await numbersAfter(long, 0), [1, 2, 3, 4, 5, 6, 7, 8])
  const rows = await system
    .selectFrom('events')
    .select('sequence')
    .where('workspace_id', '=', short.workspaceId)
    .execute()
  assert.equal(rows.length, 4)
  const logs = await system
    .selectFrom('request_logs')
    .select('created_at')
    .where('workspace_id', '=', short.workspaceId)
    .execute()
  assert.deepEqual(logs, [{ created_at: daysAgo(7) }])
  // A plan that keeps more again brings nothing back, and ends nothing more.
  await keepHouse()
  assert.deepEqual(await numbersAfter(short, 0), [5, 6, 7, 8])
})

test('what a paused webhook still waits for is given up with its day, and said to be, once and to others', async () => {
  const ctx = await makeCaller('month')
  const [paused, listener] = [await makeWebhook(ctx, 'paused'), await makeWebhook(ctx, 'paused')]
  const at = daysAgo(32)
  await recordAt(ctx, at, 5)
  await recordAt(ctx, daysAgo(2), 1)
  assert.equal(await waitingOf(ctx), 12)
  await keepHouse()
  assert.equal(await waitingOf(ctx), 2)
  while ((await sequenceEvents(system, createFanOut())).more);
  const told = await system
    .selectFrom('events')
    .select(['subject_id', 'payload'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('type', '=', 'webhook.deliveries_expired')
    .execute()
  assert.deepEqual(new Set(told.map(({ subject_id }) => subject_id)), new Set([paused, listener]))
  for (const { payload } of told) {
    const { count, from, to } = JSON.parse(payload).data
    assert.deepEqual([count, from, to], [5, at.toISOString(), new Date(at.getTime() + 4).toISOString()])
  }
  // Each hears of the other, and not of itself: that would be one more to give up.
  assert.equal(await waitingOf(ctx), 4)
  await keepHouse()
  assert.equal(await waitingOf(ctx), 4)
})

const secretBox = createSecretBox([{ id: 1, key: randomBytes(32) }])

const checkpointOf = async (ctx: Ctx, webhookId: string, after = 0) => {
  const outside = { secretBox, settings: { webhookHeaderBrand: 'Parley' } }
  return (await readCheckpoint(ctx, webhookId, { after }, outside)).body
}

const giveSecret = async (ctx: Ctx, webhookId: string): Promise<void> => {
  const sealed = secretBox.seal(createWebhookSecret(), `webhook:${webhookId}`)
  await sql`insert into webhook_secrets (workspace_id, webhook_id, version, sealed, state, created_at)
    values (${ctx.workspaceId}, ${webhookId}, 1, ${sealed}, 'current', ${now})`.execute(system)
}

/** Ends what waits of an event, as the worker does: it failed or arrived. */
const end = async (ctx: Ctx, webhookId: string, eventId: string, status: 'failed' | 'delivered', generation = 0) => {
  const item = await system
    .deleteFrom('work_items')
    .where('key', '=', webhookId)
    .where('id', '=', deliveryId(eventId, webhookId, 0))
    .returning('number')
    .executeTakeFirst()
  const before = await system
    .selectFrom('deliveries')
    .select('number')
    .where('id', '=', deliveryId(eventId, webhookId, 0))
    .executeTakeFirst()
  await system
    .insertInto('deliveries')
    .values({
      workspace_id: ctx.workspaceId,
      event_at: timeOfId(eventId),
      id: deliveryId(eventId, webhookId, generation),
      webhook_id: webhookId,
      event_id: eventId,
      event_type: noted.type,
      trigger: 'event',
      generation,
      status,
      attempts: 1,
      http_status: null,
      error_code: null,
      number: item?.number ?? before?.number ?? null,
      created_at: now,
      finished_at: now,
    })
    .execute()
}

for (const plan of ['month', 'week'] as const)
  test(`a checkpoint goes on naming what never arrived when its events are gone, on the plan ${plans[plan]}`, async () => {
    const ctx = await makeCaller(plan)
    // Another workspace that keeps more, so that a short plan is one.
    await makeCaller('month')
    const webhookId = await makeWebhook(ctx, 'paused')
    await giveSecret(ctx, webhookId)
    const [a, b, c, d] = (await recordAt(ctx, daysAgo(34), 6)) as [string, string, string, string]
    await recordAt(ctx, daysAgo(2), 2)
    // 1 arrived; 2 failed; 3 failed and arrived later; 4 failed twice; 5, 6, 7 and 8 still wait.
    await end(ctx, webhookId, a, 'delivered')
    await end(ctx, webhookId, b, 'failed')
    for (const [generation, status] of (['failed', 'delivered'] as const).entries())
      await end(ctx, webhookId, c, status, generation)
    for (const generation of [0, 1]) await end(ctx, webhookId, d, 'failed', generation)
    const before = await checkpointOf(ctx, webhookId)
    assert.deepEqual(
      before.missing.map(({ sequence }) => sequence),
      [2, 4, 5, 6, 7, 8],
    )
    assert.deepEqual([before.expired, before.delivered_through], [[], 1])
    await noteExpiredDay(system, dayOf(daysAgo(34)), ctx.workspaceId)
    await keepHouse()
    const after = await checkpointOf(ctx, webhookId)
    assert.deepEqual(
      [after.missing.map(({ sequence }) => sequence), after.expired],
      [
        [7, 8],
        [
          { from: 2, to: 2 },
          { from: 4, to: 6 },
        ],
      ],
    )
    assert.deepEqual([after.sequence, after.through, after.delivered_through], [8, 8, 6])
    assert.deepEqual((await checkpointOf(ctx, webhookId, 4)).expired, [{ from: 5, to: 6 }])
  })

test('an account of many ranges comes in pages, none of which says more than it holds', async () => {
  const ctx = await makeCaller('month')
  const webhookId = await makeWebhook(ctx, 'paused')
  await giveSecret(ctx, webhookId)
  await sql`insert into lanes (workspace_id, kind, key, numbered) values (${ctx.workspaceId}, 'webhook', ${webhookId}, 3000)`.execute(
    system,
  )
  await sql`insert into expired_numbers (workspace_id, webhook_id, numbers)
    select ${ctx.workspaceId}, ${webhookId}, range_agg(int8range(n, n, '[]')) from generate_series(1, 2201, 2) n`.execute(
    system,
  )
  const first = await checkpointOf(ctx, webhookId)
  assert.deepEqual([first.expired.length, first.through, first.sequence], [1_000, 1_999, 3_000])
  const second = await checkpointOf(ctx, webhookId, first.through)
  assert.deepEqual([second.expired.length, second.expired[0], second.through], [101, { from: 2_001, to: 2_001 }, 3_000])
})

test('a day stays while an event of it has no number yet', async () => {
  const ctx = await makeCaller('month')
  const at = daysAgo(35)
  await ensureDay(at)
  await system
    .insertInto('event_outbox')
    .values({
      workspace_id: ctx.workspaceId,
      id: `${at
        .getTime()
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7${newId().slice(15)}`,
      created_at: at,
      type: noted.type,
      names: [...noted.names],
      subject_type: 'note',
      subject_id: null,
      head: '{"sequence":',
      tail: '}',
    })
    .execute()
  await keepHouse()
  assert.ok((await database.listDays()).includes(dayOf(at)))
  while ((await sequenceEvents(system, createFanOut())).more);
  assert.deepEqual(await numbersAfter(ctx, 0), [1])
  await keepHouse()
  assert.ok(!(await database.listDays()).includes(dayOf(at)))
})

test('a reader in the way of a drop is not waited for', {
  skip: database.kind === 'embedded' && 'has one connection',
}, async () => {
  const ctx = await makeCaller('month')
  await recordAt(ctx, daysAgo(33))
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let begun = () => {}
  const reading = new Promise<void>((resolve) => {
    begun = resolve
  })
  const reader = transaction(system, async (tx) => {
    await tx.selectFrom('events').select('id').limit(1).execute()
    begun()
    await held
  })
  await reading
  const dropping = database.dropDay(dayOf(daysAgo(33)))
  // Others read on while the drop tries again and again.
  for (let i = 0; i < 20; i++) assert.deepEqual(await numbersAfter(ctx, 0), [1])
  release()
  await reader
  assert.equal(await dropping, true)
})
