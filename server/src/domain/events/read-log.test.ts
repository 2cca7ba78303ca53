import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import { type LogFilter, readLog } from './read-log.ts'
import { type FanOut, sequenceEvents } from './sequence-events.ts'

const database = await openTestDatabase()
after(() => database.close())

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
// More than a reader lists at once to begin with.
const days = 40
const types = ['a.made', 'b.made', 'c.made']
for (let day = 0; day < days; day++) await database.prepareDays(new Date(today - day * dayMs))

type Made = { day: number; type: number; subject: number | null; undelivered: number }

const subjects = [newId(today - days * dayMs), newId(), newId()]
const unknownSubject = newId(today - days * dayMs)
const nobody: FanOut = async () => 0

const makeWebhook = async (workspaceId: string): Promise<string> => {
  const id = newId()
  await sql`insert into webhooks (workspace_id, id, url, events, status, created_at, updated_at)
    values (${workspaceId}, ${id}, 'https://example.com', '{*}', 'active', now(), now())`.execute(database.system)
  return id
}

/** A log whose numbers do not follow its days: `made` is in the order of the numbers, which are given so many at once. */
const write = async (ctx: Ctx, made: Made[], batch: number): Promise<void> => {
  const { system } = database
  const rows = made.map(({ day, type, subject }, i) => ({
    workspace_id: ctx.workspaceId,
    created_at: new Date(today - day * dayMs + i),
    id: newId(),
    type: types[type]!,
    names: [types[type]!],
    subject_type: 'note',
    subject_id: subject === null ? null : subjects[subject]!,
    head: '{"sequence":',
    tail: '}',
  }))
  if (rows.length === 0) return
  await system.insertInto('event_outbox').values(rows).execute()
  while ((await sequenceEvents(system, nobody, batch)).more);
  const missing = rows.flatMap(({ workspace_id, created_at, id, type, subject_id }, i) =>
    Array.from({ length: made[i]!.undelivered }, (_, place) => ({
      ...{ workspace_id, type, subject_id, place, sequence: i + 1 },
      event_id: id,
      event_at: created_at,
    })),
  )
  if (missing.length === 0) return
  const webhooks = [await makeWebhook(ctx.workspaceId), await makeWebhook(ctx.workspaceId)]
  await system
    .insertInto('undelivered_events')
    .values(missing.map(({ place, ...row }) => ({ ...row, webhook_id: webhooks[place]! })))
    .execute()
}

const wanted = (made: Made[], filter: LogFilter): number[] =>
  made.flatMap(({ day, type, subject, undelivered }, i) => {
    const at = today - day * dayMs + i
    const fits =
      (!filter.types || filter.types.includes(types[type]!)) &&
      (!filter.subject || (subject !== null && filter.subject === subjects[subject])) &&
      (!filter.from || at >= filter.from.getTime()) &&
      (!filter.to || at < filter.to.getTime()) &&
      (filter.delivered === undefined || filter.delivered === (undelivered === 0))
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
        { weight: 1, arbitrary: fc.integer({ min: 0, max: days }) },
      ),
      type: fc.nat(types.length - 1),
      subject: fc.option(fc.nat(subjects.length - 1)),
      // By how many of two webhooks.
      undelivered: fc.nat(2),
    }),
    { maxLength: 100, size: 'max' },
  )
  .map((made) =>
    made.map(({ drift, ...rest }, i) => ({
      ...rest,
      day: Math.min(days - 1, Math.max(0, days - 1 - Math.floor((i * days) / made.length) + drift)),
    })),
  )

// As often without as with, so that many logs are read whole.
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 1 })
const moment = maybe(fc.integer({ min: -1, max: days }).map((day) => new Date(today - day * dayMs + 30)))
const filters = fc.record({
  types: maybe(fc.subarray(types, { minLength: 1 })),
  subject: maybe(fc.constantFrom(...subjects, unknownSubject)),
  from: moment,
  to: moment,
  delivered: maybe(fc.boolean()),
})

test('whatever order days and numbers are in, a reader finds all that fits, in order, whatever its pages', async () => {
  const sizes = fc.record({ limit: fc.integer({ min: 4, max: 50 }), batch: fc.integer({ min: 1, max: 60 }) })
  await fc.assert(
    fc.asyncProperty(log, filters, sizes, async (made, filter, { limit, batch }) => {
      const ctx = makeCtx(database, await makeWorkspace(database))
      await write(ctx, made, batch)
      const fitting = wanted(made, filter)
      assert.deepEqual(await walk(ctx, filter, 'oldest', limit), fitting)
      assert.deepEqual(await walk(ctx, filter, 'newest', limit), fitting.toReversed())
    }),
    { numRuns: 60 },
  )
})
