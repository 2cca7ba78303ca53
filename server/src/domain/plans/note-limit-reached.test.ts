import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { LimitReached } from './contract.ts'
import { noteLimitReached, purgeReachedLimits } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const day = {
  limit: 'chat_messages_per_day' as const,
  used: 500,
  limitValue: 500,
  periodStart: new Date('2026-03-11T00:00:00Z'),
  resetsAt: new Date('2026-03-12T00:00:00Z'),
  now: new Date('2026-03-11T15:00:00Z'),
}

const eventsOf = async (workspaceId: string): Promise<unknown[]> => {
  const events = await recordedEvents(database, workspaceId, 'usage.limit_reached')
  return events.map(({ data }) => LimitReached.parse(data))
}

test('a limit that many reach at once is told of once, also when some roll back', async () => {
  const workspaceId = await makeWorkspace(database)
  const note = () => noteLimitReached(database.system, { workspaceId, ...day })
  const undone = database.system.transaction().execute(async (tx) => {
    await noteLimitReached(tx, { workspaceId, ...day })
    throw new Error('undone')
  })
  await assert.rejects(undone, /undone/)
  const noted = await Promise.all(Array.from({ length: 20 }, note))
  assert.equal(noted.filter(Boolean).length, 1)
  assert.deepEqual(await eventsOf(workspaceId), [
    {
      limit: 'chat_messages_per_day',
      used: 500,
      limit_value: 500,
      period_start: '2026-03-11T00:00:00.000Z',
      resets_at: '2026-03-12T00:00:00.000Z',
    },
  ])
})

test('another period, another limit, another value and another workspace are told of by themselves', async () => {
  const workspaceId = await makeWorkspace(database)
  const note = (changed: Partial<Parameters<typeof noteLimitReached>[1]>) =>
    noteLimitReached(database.workspace(changed.workspaceId ?? workspaceId), { workspaceId, ...day, ...changed })
  assert.equal(await note({}), true)
  assert.equal(await note({ periodStart: day.resetsAt }), true)
  assert.equal(await note({ limit: 'requests_per_minute' }), true)
  assert.equal(await note({ limitValue: 5_000 }), true)
  assert.equal(await note({ workspaceId: await makeWorkspace(database) }), true)
  assert.equal(await note({}), false)
  assert.equal((await eventsOf(workspaceId)).length, 4)
})

test('what was told in a period long over is forgotten, and nothing that could be told again', async () => {
  const workspaceId = await makeWorkspace(database)
  const now = new Date('2026-06-30T00:00:00Z')
  await noteLimitReached(database.system, { workspaceId, ...day })
  await noteLimitReached(database.system, { workspaceId, ...day, periodStart: new Date('2026-06-01T00:00:00Z'), now })
  await purgeReachedLimits(database.system, now)
  const kept = await database.system
    .selectFrom('limits_reached')
    .select('period_start')
    .where('workspace_id', '=', workspaceId)
    .execute()
  assert.deepEqual(kept, [{ period_start: new Date('2026-06-01T00:00:00Z') }])
})
