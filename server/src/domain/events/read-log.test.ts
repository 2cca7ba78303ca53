import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import { type LogFilter, readLog } from './read-log.ts'

const database = await openTestDatabase()
after(() => database.close())

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const days = 12
const types = ['a.made', 'b.made', 'c.made']
for (let day = 0; day < days; day++) await database.prepareDays(new Date(today - day * dayMs))

type Made = { day: number; type: number; subject: number; undelivered: boolean }

const subjects = [newId(today - days * dayMs), newId(), newId()]

/** A log whose numbers do not follow its days: `made` is in the order of the numbers. */
const write = async (ctx: Ctx, made: Made[]): Promise<void> => {
  const rows = made.map(({ day, type, subject }, i) => ({
    workspace_id: ctx.workspaceId,
    created_at: new Date(today - day * dayMs + i),
    id: newId(),
    sequence: i + 1,
    type: types[type]!,
    names: [types[type]!],
    subject_type: 'note',
    subject_id: subjects[subject]!,
    payload: '{}',
  }))
  if (rows.length === 0) return
  const { system } = database
  await system.insertInto('events').values(rows).execute()
  await sql`insert into event_days (workspace_id, day, first, last, types)
    select workspace_id, (created_at at time zone 'UTC')::date, min(sequence), max(sequence), array_agg(distinct type)
    from events where workspace_id = ${ctx.workspaceId} group by 1, 2`.execute(system)
  const webhookId = newId()
  await sql`insert into webhooks (workspace_id, id, url, events, status, created_at, updated_at)
    values (${ctx.workspaceId}, ${webhookId}, 'https://example.com', '{*}', 'active', now(), now())`.execute(system)
  const missing = rows.filter((_, i) => made[i]!.undelivered)
  if (missing.length > 0)
    await system
      .insertInto('undelivered_events')
      .values(
        missing.map(({ workspace_id, created_at, id, sequence, type, subject_id }) => ({
          ...{ workspace_id, sequence, type, subject_id },
          webhook_id: webhookId,
          event_id: id,
          event_at: created_at,
        })),
      )
      .execute()
}

const wanted = (made: Made[], filter: LogFilter): number[] =>
  made.flatMap(({ day, type, subject, undelivered }, i) => {
    const at = today - day * dayMs + i
    const fits =
      (!filter.types || filter.types.includes(types[type]!)) &&
      (!filter.subject || filter.subject === subjects[subject]) &&
      (!filter.from || at >= filter.from.getTime()) &&
      (!filter.to || at < filter.to.getTime()) &&
      (filter.delivered === undefined || filter.delivered === !undelivered)
    return fits ? [i + 1] : []
  })

/** All that fits, page after page. */
const walk = async (ctx: Ctx, filter: LogFilter, order: 'newest' | 'oldest', limit: number): Promise<number[]> => {
  const seen: number[] = []
  for (let beyond: number | null = null; ; beyond = seen.at(-1)!) {
    const rows = await readLog(
      ctx.db,
      ctx.workspaceId,
      filter,
      { order, beyond: beyond ?? (order === 'oldest' ? 0 : null) },
      limit,
    )
    assert.ok(rows.length <= limit)
    seen.push(...rows.map(({ sequence }) => Number(sequence)))
    if (rows.length < limit) return seen
  }
}

// Mostly in the order of the days, as they come; some commit late, and a few very late.
const log = fc
  .array(
    fc.record({
      drift: fc.oneof(
        { weight: 6, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -4, max: 4 }) },
      ),
      type: fc.nat(types.length - 1),
      subject: fc.nat(subjects.length - 1),
      undelivered: fc.boolean(),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((made) =>
    made.map(({ drift, ...rest }, i) => ({
      ...rest,
      day: Math.min(days - 1, Math.max(0, days - 1 - Math.floor((i * days) / made.length) + drift)),
    })),
  )

const moment = fc.option(
  fc.integer({ min: -1, max: days }).map((day) => new Date(today - day * dayMs + 30)),
  { nil: undefined },
)
const filters = fc.record({
  types: fc.option(fc.subarray(types, { minLength: 1 }), { nil: undefined }),
  subject: fc.option(fc.constantFrom(subjects[0]!), { nil: undefined }),
  from: moment,
  to: moment,
  delivered: fc.option(fc.boolean(), { nil: undefined }),
})

test('whatever order days and numbers are in, a reader finds all that fits, in order, whatever its pages', async () => {
  await fc.assert(
    fc.asyncProperty(log, filters, fc.integer({ min: 1, max: 25 }), async (made, filter, limit) => {
      const ctx = makeCtx(database, await makeWorkspace(database))
      await write(ctx, made)
      const fitting = wanted(made, filter)
      assert.deepEqual(await walk(ctx, filter, 'oldest', limit), fitting)
      assert.deepEqual(await walk(ctx, filter, 'newest', limit), fitting.toReversed())
    }),
    { numRuns: 60 },
  )
})
