import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { z } from 'zod'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { defineEvent, type FanOut, nextBatch, recordEvent, sequenceEvents } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const noted = defineEvent({
  type: 'note.written',
  aliases: ['memo'],
  description: 'A note.',
  data: z.object({ text: z.string() }),
  example: { text: 'Milk' },
})

const nobody: FanOut = async () => 0
const makeCaller = async () => makeCtx(database, await makeWorkspace(database))
const note = (ctx: Ctx, text: string) =>
  transaction(ctx.db, (tx) => recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: { text } }))

const drain = async (fanOut: FanOut = nobody): Promise<void> => {
  while ((await sequenceEvents(database.system, fanOut)).more);
}

const logOf = (ctx: Ctx) =>
  database.system
    .selectFrom('events')
    .select(['id', 'sequence', 'payload', 'type', 'names', 'created_at'])
    .where('workspace_id', '=', ctx.workspaceId)
    .orderBy('sequence')
    .execute()
const waiting = async (ctx: Ctx) =>
  (await database.system.selectFrom('event_outbox').select('id').where('workspace_id', '=', ctx.workspaceId).execute())
    .length

test('an event commits with its change or not at all', async () => {
  const ctx = await makeCaller()
  await note(ctx, 'kept')
  await transaction(ctx.db, async (tx) => {
    await recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: { text: 'undone' } })
    throw new Error('undone')
  }).catch(() => undefined)
  await drain()
  assert.deepEqual(
    (await logOf(ctx)).map(({ payload }) => JSON.parse(payload).data.text),
    ['kept'],
  )
})

test('the payload is one exact text that names the event, its moment and its number', async () => {
  const ctx = await makeCaller()
  const id = await note(ctx, 'a "quote", ü and \u2028')
  await drain()
  const [event] = await logOf(ctx)
  const payload = JSON.parse(event!.payload)
  assert.deepEqual(
    { ...payload, api_version: undefined },
    {
      id: toWireId('event', id),
      event_id: toWireId('event', id),
      type: 'note.written',
      event: 'note.written',
      created_at: timeOfId(id).toISOString(),
      timestamp: timeOfId(id).toISOString(),
      workspace_id: toWireId('workspace', ctx.workspaceId),
      api_version: undefined,
      sequence: 1,
      data: { text: 'a "quote", ü and \u2028' },
    },
  )
  assert.equal(event!.payload, JSON.stringify(payload))
  assert.deepEqual(event!.names, ['*', 'note.written', 'note.*', 'memo'])
})

test('each workspace counts for itself, without gaps, in the order things happened', async () => {
  const callers = [await makeCaller(), await makeCaller()]
  for (let i = 0; i < 20; i++) await note(callers[i % 2]!, String(i))
  await drain()
  for (const [start, ctx] of callers.entries()) {
    const events = await logOf(ctx)
    assert.deepEqual(
      events.map(({ sequence }) => Number(sequence)),
      Array.from({ length: 10 }, (_, i) => i + 1),
    )
    assert.deepEqual(
      events.map(({ payload }) => JSON.parse(payload).data.text),
      Array.from({ length: 10 }, (_, i) => String(2 * i + start)),
    )
  }
})

test('more events than one batch are all numbered', async () => {
  const ctx = await makeCaller()
  await transaction(ctx.db, async (tx) => {
    for (let i = 0; i < 1_100; i++)
      await recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: { text: String(i) } })
  })
  await drain()
  const events = await logOf(ctx)
  assert.deepEqual(
    events.map(({ payload }) => Number(JSON.parse(payload).data.text)),
    Array.from({ length: 1_100 }, (_, i) => i),
  )
  assert.equal(await waiting(ctx), 0)
})

test('a batch is as large as the work that its events make allows', async () => {
  const ctx = await makeCaller()
  for (const text of ['one', 'two', 'three']) await note(ctx, text)
  const wide: FanOut = async (_tx, ranges) => ranges.reduce((sum, { from, to }) => sum + (to - from + 1) * 4_000, 0)
  const first = await sequenceEvents(database.system, wide, 1)
  assert.deepEqual([first.sequenced, first.enqueued, first.more], [1, 4_000, true])
  const second = nextBatch(first, 1)
  assert.equal(second, 2)
  assert.equal((await sequenceEvents(database.system, wide, second)).sequenced, 2)
  const idle = await sequenceEvents(database.system, wide, second)
  assert.equal(nextBatch(idle, second), second)
  assert.equal(nextBatch({ ...first, enqueued: 1_000_000 }, 1), 1)
  assert.equal(nextBatch({ ...first, enqueued: 0 }, 1), 500)
})

test('what the fan-out refuses is neither numbered nor lost', async () => {
  const ctx = await makeCaller()
  await note(ctx, 'once')
  await assert.rejects(
    drain(async () => {
      throw new Error('no room')
    }),
    /no room/,
  )
  assert.deepEqual([await waiting(ctx), (await logOf(ctx)).length], [1, 0])
  const told: unknown[] = []
  await drain(async (_tx, ranges) => {
    told.push(...ranges.filter(({ workspaceId }) => workspaceId === ctx.workspaceId).map(({ from, to }) => [from, to]))
    return 0
  })
  assert.deepEqual(told, [[1, 1]])
})

test('the fan-out is told of every number once, with the moments between which its events were made', async () => {
  const callers = [await makeCaller(), await makeCaller()]
  for (let i = 0; i < 9; i++) await note(callers[i % 3 === 0 ? 0 : 1]!, String(i))
  await drain(async (tx, ranges) => {
    for (const { workspaceId, from, to, firstAt, lastAt } of ranges) {
      const events = await tx
        .selectFrom('events')
        .select('sequence')
        .where('workspace_id', '=', workspaceId)
        .where('created_at', '>=', firstAt)
        .where('created_at', '<=', lastAt)
        .orderBy('sequence')
        .execute()
      assert.deepEqual(
        events.map(({ sequence }) => Number(sequence)),
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      )
    }
    assert.deepEqual(ranges.map(({ from, to }) => to - from + 1).sort(), [3, 6])
    return 0
  })
})

const writers = 8
const eventsEach = 200

test('under many writers numbers have no gap, and a reader who follows them skips nothing', async () => {
  const ctx = await makeCaller()
  const total = writers * eventsEach
  let writing = true
  const write = async (writer: number) => {
    for (let i = 0; i < eventsEach; i++) {
      // Some transactions stay open while later ones commit, and some never do.
      await transaction(ctx.db, async (tx) => {
        await recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: { text: `${writer}:${i}` } })
        if (i % 25 === 0) await new Promise((resolve) => setTimeout(resolve, writer))
      })
      if (i % 50 === 0)
        await transaction(ctx.db, (tx) =>
          recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: { text: 'undone' } }).then(() =>
            Promise.reject(new Error('undone')),
          ),
        ).catch(() => undefined)
    }
  }
  const sequencer = async () => {
    while (writing) await sequenceEvents(database.system, nobody)
  }
  const seen: { sequence: number; text: string }[] = []
  const follow = async () => {
    while (seen.length < total) {
      const rows = await ctx.db
        .selectFrom('events')
        .select(['sequence', 'payload'])
        .where('workspace_id', '=', ctx.workspaceId)
        .where('sequence', '>', seen.at(-1)?.sequence ?? 0)
        .orderBy('sequence')
        .limit(37)
        .execute()
      seen.push(
        ...rows.map(({ sequence, payload }) => ({ sequence: Number(sequence), text: JSON.parse(payload).data.text })),
      )
    }
  }
  const reading = follow()
  // Two, as when two servers run: one holds the lock, the other steps back.
  const numbering = [sequencer(), sequencer()]
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  await reading
  writing = false
  await Promise.all(numbering)
  assert.deepEqual(
    seen.map(({ sequence }) => sequence),
    Array.from({ length: total }, (_, i) => i + 1),
  )
  assert.equal(new Set(seen.map(({ text }) => text)).size, total)
  for (let writer = 0; writer < writers; writer++) {
    const own = seen.filter(({ text }) => text.startsWith(`${writer}:`)).map(({ text }) => Number(text.split(':')[1]))
    assert.deepEqual(
      own,
      Array.from({ length: eventsEach }, (_, i) => i),
      'one writer’s events keep their order',
    )
  }
})
