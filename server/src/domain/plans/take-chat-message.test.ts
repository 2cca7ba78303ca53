import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createTestDatabaseUrl, openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { newId } from '../../base/ids.ts'
import { type Database, openDatabase } from '../../database/open.ts'
import { PlanLimitError, takeChatMessage } from './index.ts'
import { countChatMessages } from './take-chat-message.ts'

const database = await openTestDatabase()
after(() => database.close())

const plans = ['free', 'unlimited'] as const

const onPlan = async (db: Database, workspaceId: string, plan: (typeof plans)[number]) => {
  await db.system.updateTable('workspaces').set({ plan_id: plan }).where('id', '=', workspaceId).execute()
}

const at = (db: Database, workspaceId: string, time: string) => {
  const ctx = { ...makeCtx(db, workspaceId), clock: { now: () => new Date(time) } }
  return () => ctx.db.transaction().execute((tx) => takeChatMessage(ctx, tx))
}

/** How many of so many questions at once were let through; the others must have been refused for the limit. */
const takeAtOnce = async (takes: (() => Promise<void>)[]): Promise<number> => {
  const results = await Promise.allSettled(takes.map((take) => take()))
  for (const result of results)
    if (result.status === 'rejected') assert.ok(result.reason instanceof PlanLimitError, result.reason)
  return results.filter(({ status }) => status === 'fulfilled').length
}

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item)

const told = async (db: Database, workspaceId: string): Promise<number> =>
  (await recordedEvents(db, workspaceId, 'usage.limit_reached')).length

const noon = '2026-03-11T12:00:00Z'
const day = '2026-03-11'

test('of 100 questions at once a plan of 50 a day lets exactly 50 through, and the last of them tells of it', async () => {
  const workspaceId = await makeWorkspace(database)
  await onPlan(database, workspaceId, 'free')
  assert.equal(await takeAtOnce(times(100, at(database, workspaceId, noon))), 50)
  assert.equal(await countChatMessages(database.system, workspaceId, day), 50)
  assert.equal(await told(database, workspaceId), 1)
})

test('a refusal names plan, limit and the seconds to the end of the day in UTC, and the next day begins anew', async () => {
  const workspaceId = await makeWorkspace(database)
  await onPlan(database, workspaceId, 'free')
  const late = at(database, workspaceId, '2026-03-11T23:58:59.500Z')
  await takeAtOnce(times(50, late))
  await assert.rejects(late(), (error: PlanLimitError) => {
    assert.equal(error.code, 'RATE_LIMIT_EXCEEDED')
    assert.match(error.message, /^Daily message quota exceeded\. The plan Free allows 50 chat messages a day/)
    assert.equal(error.retryAfter, 61)
    assert.deepEqual(error.details, {
      plan: 'free',
      plan_limit: 'chat_messages_per_day',
      limit: 50,
      used: 50,
      resets_at: '2026-03-12T00:00:00.000Z',
    })
    return true
  })
  await at(database, workspaceId, '2026-03-12T00:00:00Z')()
})

test('whoever asks neither by key nor as a member is refused without a word of the plan', async () => {
  const workspaceId = await makeWorkspace(database)
  await onPlan(database, workspaceId, 'free')
  await takeAtOnce(times(50, at(database, workspaceId, noon)))
  const ctx = {
    ...makeCtx(database, workspaceId),
    clock: { now: () => new Date(noon) },
    actor: { type: 'agent' as const, id: newId() },
  }
  await assert.rejects(
    ctx.db.transaction().execute((tx) => takeChatMessage(ctx, tx)),
    (error: PlanLimitError) => {
      assert.equal(error.message, 'Daily message quota exceeded. Ask again after 2026-03-12T00:00:00.000Z.')
      assert.deepEqual(error.details, { plan_limit: 'chat_messages_per_day', resets_at: '2026-03-12T00:00:00.000Z' })
      assert.equal(error.retryAfter, 43_200)
      return true
    },
  )
})

test('what is rolled back is not counted', async () => {
  const workspaceId = await makeWorkspace(database)
  await onPlan(database, workspaceId, 'free')
  const ctx = { ...makeCtx(database, workspaceId), clock: { now: () => new Date(noon) } }
  const undone = ctx.db.transaction().execute(async (tx) => {
    await takeChatMessage(ctx, tx)
    throw new Error('undone')
  })
  await assert.rejects(undone, /undone/)
  assert.equal(await countChatMessages(database.system, workspaceId, day), 0)
})

test('what a workspace asked on a plan without a limit counts once it gets one', async () => {
  const workspaceId = await makeWorkspace(database)
  const take = at(database, workspaceId, noon)
  await takeAtOnce(times(45, take))
  assert.equal(await countChatMessages(database.system, workspaceId, day), 45)
  assert.equal(await told(database, workspaceId), 0)
  await onPlan(database, workspaceId, 'free')
  assert.equal(await takeAtOnce(times(20, take)), 5)
  assert.equal(await told(database, workspaceId), 1)
  await onPlan(database, workspaceId, 'unlimited')
  assert.equal(await takeAtOnce(times(20, take)), 20)
  await onPlan(database, workspaceId, 'free')
  await assert.rejects(take(), (error: PlanLimitError) => error.details?.used === 70)
})

test('a workspace without a limit spreads its count, so that its questions do not wait for each other', async () => {
  const workspaceId = await makeWorkspace(database)
  await takeAtOnce(times(60, at(database, workspaceId, noon)))
  const slots = await database.system
    .selectFrom('usage_counters')
    .select('slot')
    .where('workspace_id', '=', workspaceId)
    .execute()
  assert.ok(slots.length > 1)
  assert.ok(slots.every(({ slot }) => slot >= 1 && slot <= 16))
})

test('servers that share a PostgreSQL never pass the limit together', {
  skip: process.env.PARLEY_TEST_DATABASE_URL === undefined && 'needs a PostgreSQL',
}, async () => {
  const { url, drop } = await createTestDatabaseUrl()
  const servers = await Promise.all([openDatabase({ url, folder: null }), openDatabase({ url, folder: null })])
  try {
    const workspaceId = await makeWorkspace(servers[0])
    await onPlan(servers[0], workspaceId, 'free')
    const takes = servers.flatMap((server) => times(100, at(server, workspaceId, noon)))
    assert.equal(await takeAtOnce(takes), 50)
    assert.equal(await told(servers[0], workspaceId), 1)
  } finally {
    await Promise.all(servers.map((server) => server.close()))
    await drop()
  }
})
