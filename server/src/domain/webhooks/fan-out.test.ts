import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { transaction } from '../../database/transaction.ts'
import { createWebhook } from './create-webhook.ts'
import { makeNote, makeOutside, numberEvents } from './delivering.fixture.ts'
import { createFanOut } from './fan-out.ts'
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

test('that no backfill wants what gets its number is known without reading them all', async () => {
  const workspaceId = await makeWorkspace(database)
  const hook = { url: 'http://127.0.0.1:9999', events: ['*'] }
  const { row } = await createWebhook(makeCtx(database, workspaceId), hook, outside)
  const now = new Date()
  const read = await transaction(database.system, async (tx) => {
    await sql`insert into backfills (workspace_id, id, webhook_id, from_time, to_time, types, mode, status, estimated, created_by, created_at, updated_at)
      select ${workspaceId}, gen_random_uuid(), ${row.id}, ${now}, ${now}, '{*}', 'all', 'completed', 0, 'test', ${now}, ${now}
      from generate_series(1, 5000)`.execute(tx)
    // As it is after a while; only who owns the table may.
    await sql`select set_config('role', 'none', true)`.execute(tx)
    await sql`analyze backfills`.execute(tx)
    await sql`select set_config('role', 'parley_worker', true)`.execute(tx)
    const reads = async () => {
      const { rows } = await sql<{ n: number | string }>`
        select seq_tup_read + idx_tup_fetch as n from pg_stat_xact_user_tables where relname = 'backfills'`.execute(tx)
      return Number(rows[0]!.n)
    }
    const before = await reads()
    await createFanOut()(tx, [{ workspaceId, from: 1, to: 1, firstAt: now, lastAt: now }])
    return (await reads()) - before
  })
  assert.ok(read <= 1, `${read} were read`)
})
