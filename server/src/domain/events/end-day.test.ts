import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import { dayOf } from '../../database/partitions.ts'
import type { Ctx } from '../context.ts'
import { endDay } from './end-day.ts'
import { readLog } from './read-log.ts'
import { sequenceEvents } from './sequence-events.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const now = new Date()
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000)

/** An event of so many days ago about each of some objects. */
const record = async (ctx: Ctx, days: number, subjects: readonly (string | null)[]): Promise<void> => {
  await database.prepareDays(daysAgo(days))
  const rows = subjects.map((subject_id) => ({
    workspace_id: ctx.workspaceId,
    id: newId(),
    created_at: daysAgo(days),
    type: 'note.made',
    names: ['note.made'],
    subject_type: 'note',
    subject_id,
    head: '{"sequence":',
    tail: '}',
  }))
  await system.insertInto('event_outbox').values(rows).execute()
  while ((await sequenceEvents(system, async () => 0)).more);
}

const numbersOf = async (ctx: Ctx, subject?: string): Promise<number[]> => {
  const rows = await readLog(ctx.db, ctx.workspaceId, { subject }, { order: 'oldest', beyond: 0 }, 100)
  return rows.map(({ sequence }) => Number(sequence))
}

const notedDays = async (ctx: Ctx, subject: string): Promise<number> => {
  const rows = await system
    .selectFrom('event_subject_days')
    .select('day')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('subject_id', '=', subject)
    .execute()
  return rows.length
}

test('what was noted of objects goes with the day of one workspace, and no other', async () => {
  const [ours, theirs] = [
    makeCtx(database, await makeWorkspace(database)),
    makeCtx(database, await makeWorkspace(database)),
  ]
  const subject = newId()
  for (const ctx of [ours, theirs]) {
    await record(ctx, 9, [subject, null, subject])
    await record(ctx, 8, [subject])
  }
  assert.deepEqual([await numbersOf(ours, subject), await notedDays(ours, subject)], [[1, 3, 4], 2])
  await endDay(system, dayOf(daysAgo(9)), ours.workspaceId)
  assert.deepEqual([await numbersOf(ours, subject), await notedDays(ours, subject)], [[4], 1])
  assert.deepEqual([await numbersOf(theirs, subject), await notedDays(theirs, subject)], [[1, 3, 4], 2])
  // It can be done again, as after a crash.
  await endDay(system, dayOf(daysAgo(9)), ours.workspaceId)
  assert.deepEqual([await numbersOf(ours, subject), await notedDays(ours, subject)], [[4], 1])
})

test('what was noted of more objects than are forgotten at once goes with the day of all', async () => {
  const callers = [makeCtx(database, await makeWorkspace(database)), makeCtx(database, await makeWorkspace(database))]
  const subjects = Array.from({ length: 1_500 }, () => newId())
  for (const ctx of callers) {
    for (let at = 0; at < subjects.length; at += 500) await record(ctx, 20, subjects.slice(at, at + 500))
    await record(ctx, 19, subjects.slice(0, 2))
  }
  await endDay(system, dayOf(daysAgo(20)), null)
  const left = await system
    .selectFrom('event_subject_days')
    .select(['workspace_id', 'subject_id'])
    .where('subject_id', 'in', subjects)
    .execute()
  assert.equal(left.length, 4)
  for (const ctx of callers) assert.deepEqual(await numbersOf(ctx, subjects[1]), [1_502])
})

test('a caller sees what was noted of its own objects only', async () => {
  const [ours, theirs] = [
    makeCtx(database, await makeWorkspace(database)),
    makeCtx(database, await makeWorkspace(database)),
  ]
  const subject = newId()
  await record(theirs, 1, [subject])
  const seen = async (ctx: Ctx) =>
    (await ctx.db.selectFrom('event_subject_days').select('day').where('subject_id', '=', subject).execute()).length
  assert.deepEqual([await seen(ours), await seen(theirs)], [0, 1])
  assert.deepEqual([await numbersOf(ours, subject), await numbersOf(theirs, subject)], [[], [1]])
})
