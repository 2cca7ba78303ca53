import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { z } from 'zod'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import type { Database } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { createLogHeads, defineEvent, recordEvent, sequenceEvents } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const noted = defineEvent({ type: 'note.made', description: 'A note.', data: z.object({}), example: {} })

const record = async (ctx: Ctx, count: number) => {
  await transaction(ctx.db, async (tx) => {
    for (let n = 0; n < count; n++) await recordEvent(ctx, tx, noted, { subject: { type: 'note', id: null }, data: {} })
  })
  while ((await sequenceEvents(database.system, async () => 0)).more);
}

const counting = () => {
  const counted = { pages: 0 }
  const watched: Database = {
    ...database,
    workspace: (id) => {
      counted.pages++
      return database.workspace(id)
    },
  }
  return {
    counted,
    heads: createLogHeads({ database: watched, onError: assert.ifError, pollMs: 10, maxReaders: 1_000 }),
  }
}

const never = new AbortController().signal

test('a thousand readers at one place share one reading of what came', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { counted, heads } = counting()
  const open = await Promise.all(Array.from({ length: 1_000 }, () => heads.open(ctx.workspaceId, 'one')))
  const told = Promise.all(
    open.map(async (head) => {
      await head.grown(0, never)
      return head.page(0)
    }),
  )
  await record(ctx, 30)
  for (const rows of await told)
    assert.deepEqual(
      rows.map(({ sequence }) => Number(sequence)),
      Array.from({ length: 30 }, (_, n) => n + 1),
    )
  assert.equal(counted.pages, 1)
  assert.deepEqual(
    (await open[0]!.page(28)).map(({ sequence }) => Number(sequence)),
    [29, 30],
  )
  assert.equal(counted.pages, 1)
  for (const head of open) head.close()
})

test('whoever waits is woken by the word of the sequencer, by the next look without it, and by giving up', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const heads = createLogHeads({ database, onError: assert.ifError, pollMs: 3_600_000 })
  const head = await heads.open(ctx.workspaceId, 'one')
  const growing = head.grown(0, never)
  await record(ctx, 1)
  heads.wake()
  await growing
  assert.equal(head.last(), 1)
  const leaving = new AbortController()
  const waiting = head.grown(1, leaving.signal)
  leaving.abort()
  await waiting
  head.close()
  const polling = await counting().heads.open(ctx.workspaceId, 'one')
  const polled = polling.grown(1, never)
  await record(ctx, 1)
  await polled
  polling.close()
})

test('a reader may follow so many logs at once and no more, until it leaves one', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const heads = createLogHeads({ database, onError: assert.ifError, maxReaders: 2 })
  const open = [await heads.open(ctx.workspaceId, 'one'), await heads.open(ctx.workspaceId, 'one')]
  await assert.rejects(heads.open(ctx.workspaceId, 'one'), { code: 'RATE_LIMIT_EXCEEDED' })
  open.push(await heads.open(ctx.workspaceId, 'another'))
  open.shift()!.close()
  open.push(await heads.open(ctx.workspaceId, 'one'))
  for (const head of open) head.close()
})

test('a page that was read before the log grew is given to nobody who knows that it has grown', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { heads } = counting()
  const [slow, late] = [await heads.open(ctx.workspaceId, 'one'), await heads.open(ctx.workspaceId, 'one')]
  try {
    await record(ctx, 10)
    await slow.grown(9, never)
    assert.equal((await slow.page(0)).length, 10)
    // `slow` has not come back for the next page, and `late` goes on where it once was.
    await record(ctx, 5)
    await late.grown(10, never)
    assert.equal((await late.page(5)).at(-1)!.sequence, late.last())
  } finally {
    for (const head of [slow, late]) head.close()
  }
})
