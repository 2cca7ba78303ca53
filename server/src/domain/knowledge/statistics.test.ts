import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { systemClock } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { settle } from '../../work/settle.ts'
import type { WorkItem, WorkKind } from '../../work/work-kind.ts'
import type { Ctx } from '../context.ts'
import { createSource } from './create-source.ts'
import { deleteSource } from './delete-source.ts'
import { openIngestion } from './ingestion.fixture.ts'
import { selectSource } from './queries.ts'
import { reingestSource } from './reingest-source.ts'
import { startWebSite } from './web-site.fixture.ts'

const ingestion = await openIngestion()
const { database, settings, kind, makeCaller } = ingestion
const site = await startWebSite()
after(async () => {
  await site.close()
  await ingestion.close()
})

const itemsOf = async (ctx: Ctx): Promise<WorkItem[]> => {
  const rows = await database.system
    .selectFrom('work_items')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    kind: row.kind,
    key: row.key,
    id: row.id,
    number: row.number,
    band: row.band,
    attempt: row.attempt,
    dueAt: row.due_at,
    payload: row.payload,
    createdAt: row.created_at,
  }))
}

const aborted = new AbortController().signal

/** Does the first half of an item's work, as a process does that is killed before it settles. */
const runOnly = async (work: WorkKind, item: WorkItem): Promise<unknown> => {
  const [input] = await work.prepare(database.system, [item])
  return input ? work.run(item, input, aborted) : undefined
}

/** The epoch of the lane as it is, which is that of nobody: whoever leases it gets a higher one. */
const epochOf = async ({ workspaceId, kind: of, key }: WorkItem): Promise<number> => {
  const { epoch } = await database.system
    .selectFrom('lanes')
    .select('epoch')
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', of)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  return Number(epoch)
}

/** Does all of the work that waits, by hand. */
const doWork = async (ctx: Ctx): Promise<void> => {
  for (const item of await itemsOf(ctx)) {
    const result = await runOnly(kind, item)
    if (result === undefined) await database.system.deleteFrom('work_items').where('id', '=', item.id).execute()
    else await settle(database.system, kind, [{ item, result, epoch: await epochOf(item) }])
  }
}

type Recount = { kept: unknown[]; counted: unknown[] }

const compare = async (ctx: Ctx): Promise<Record<string, Recount>> => {
  const rows = async (query: ReturnType<typeof sql>) => (await query.execute(database.system)).rows
  const ws = ctx.workspaceId
  return {
    terms: {
      kept: await rows(sql`select term, chunks from term_statistics where workspace_id = ${ws} order by term`),
      counted: await rows(
        sql`select term, count(*)::integer as chunks from postings where workspace_id = ${ws} group by term order by term`,
      ),
    },
    totals: {
      kept: await rows(
        sql`select coalesce(sum(chunks), 0)::integer as chunks, coalesce(sum(total_length), 0)::integer as length from knowledge_statistics where workspace_id = ${ws}`,
      ),
      counted: await rows(
        sql`select count(*)::integer as chunks, coalesce(sum(length), 0)::integer as length from chunks where workspace_id = ${ws}`,
      ),
    },
    postings: {
      kept: await rows(sql`select chunk_id, term from postings where workspace_id = ${ws} order by 1, 2`),
      counted: await rows(
        sql`select id as chunk_id, unnest(terms) collate "C" as term from chunks where workspace_id = ${ws} order by 1, 2`,
      ),
    },
    lengths: {
      kept: await rows(sql`select id, length from chunks where workspace_id = ${ws} order by id`),
      counted: await rows(
        sql`select chunk_id as id, sum(frequency)::integer as length from postings where workspace_id = ${ws} group by 1 order by 1`,
      ),
    },
    documents: {
      kept: await rows(sql`select count(*)::integer as wrong from chunks c join knowledge_documents d on d.workspace_id = c.workspace_id and d.id = c.document_id
        where c.workspace_id = ${ws} and substr(d.text, c.char_start + 1, c.char_end - c.char_start) <> c.text`),
      counted: [{ wrong: 0 }],
    },
  }
}

const topics = ['lamp', 'kettle', 'chair', 'table', 'window']
const section = fc.record({ topic: fc.constantFrom(...topics), words: fc.integer({ min: 5, max: 120 }) })
const text = fc
  .array(section, { minLength: 0, maxLength: 5 })
  .map((sections) =>
    sections.map(({ topic, words }) => `# ${topic}\n\n${`The ${topic} stands here. `.repeat(words / 4)}`).join('\n\n'),
  )
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('create' as const), text, language: fc.constantFrom('en', 'de', 'ja') }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reingest' as const), which: fc.nat(9), text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('work' as const) }) },
)

test('after any sequence of changes the statistics equal a recount', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const ctx = await makeCaller()
      const sources: { id: string; path: string }[] = []
      for (const one of steps) {
        if (one.do === 'work') await doWork(ctx)
        else if (one.do === 'create') {
          const path = `/${newId()}`
          site.pages[path] = { type: 'text/markdown', body: one.text }
          const source = await createSource(
            ctx,
            { type: 'url', url: `${site.url}${path}`, language: one.language },
            { settings },
          )
          sources.push({ id: source.id, path })
        } else if (sources.length > 0) {
          const chosen = sources[one.which % sources.length]!
          if (one.do === 'delete') {
            await deleteSource(ctx, chosen.id)
            sources.splice(sources.indexOf(chosen), 1)
          } else {
            site.pages[chosen.path] = { type: 'text/markdown', body: one.text }
            await reingestSource(ctx, chosen.id)
          }
        }
      }
      await doWork(ctx)
      for (const [what, { kept, counted }] of Object.entries(await compare(ctx))) assert.deepEqual(kept, counted, what)
    }),
    { numRuns: 25 },
  )
})

test('a process that is killed between any two steps does its work again, once', async () => {
  const ctx = await makeCaller()
  const source = await createSource(ctx, { type: 'text', name: 'A', content: 'The kettle whistles.' }, { settings })
  const [item] = await itemsOf(ctx)
  await kind.prepare(database.system, [item!])
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'processing')
  const result = await runOnly(kind, item!)
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'ready')
  assert.deepEqual(await kind.prepare(database.system, [item!]), [null])
  const epoch = await epochOf(item!)
  for (let i = 0; i < 2; i++) await settle(database.system, kind, [{ item: item!, result, epoch }])
  assert.deepEqual(await itemsOf(ctx), [])
  assert.deepEqual(await ingestion.eventsOf(ctx), [
    'knowledge_source.created',
    'knowledge_source.processing',
    'knowledge_source.ready',
  ])
})

test('two workers that both believe to hold the lane store a source once', async () => {
  const ctx = await makeCaller()
  await createSource(ctx, { type: 'text', name: 'A', content: 'The kettle whistles.' }, { settings })
  const [item] = await itemsOf(ctx)
  const inputs = await Promise.all([kind.prepare(database.system, [item!]), kind.prepare(database.system, [item!])])
  await Promise.all(inputs.map(([input]) => kind.run(item!, input, aborted)))
  const { terms, totals } = await compare(ctx)
  assert.deepEqual(terms!.kept, terms!.counted)
  assert.deepEqual(totals!.kept, totals!.counted)
  assert.equal((await ingestion.eventsOf(ctx)).filter((type) => type === 'knowledge_source.ready').length, 1)
})

test('an outcome with a lost lease changes nothing', async () => {
  const ctx = await makeCaller()
  const source = await createSource(ctx, { type: 'url', url: `${site.url}/nowhere` }, { settings })
  const [item] = await itemsOf(ctx)
  const result = await runOnly(kind, item!)
  const epoch = await epochOf(item!)
  await settle(database.system, kind, [{ item: item!, result, epoch: epoch - 1 }])
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'processing')
  assert.equal((await itemsOf(ctx)).length, 1)
  await settle(database.system, kind, [{ item: item!, result, epoch }])
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'failed')
})

test('an older reading that is still under way does not undo a newer one', async () => {
  const ctx = await makeCaller()
  site.pages['/turns'] = { type: 'text/plain', body: 'First the old text.' }
  const source = await createSource(ctx, { type: 'url', url: `${site.url}/turns` }, { settings })
  const [older] = await itemsOf(ctx)
  const [input] = await kind.prepare(database.system, [older!])
  site.pages['/turns'] = { type: 'text/plain', body: 'Then the new text.' }
  await reingestSource(ctx, source.id)
  await kind.run(older!, input, aborted)
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'queued')
  await doWork(ctx)
  const documents = await ctx.db
    .selectFrom('knowledge_documents')
    .select('text')
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  assert.deepEqual(documents, [{ text: 'Then the new text.' }])
})

test('work that is stopped half-way is put back', async () => {
  const ctx = await makeCaller()
  const source = await createSource(ctx, { type: 'url', url: `${site.url}/turns` }, { settings })
  const [item] = await itemsOf(ctx)
  const [input] = await kind.prepare(database.system, [item!])
  const result = await kind.run(item!, input, AbortSignal.abort())
  await settle(database.system, kind, [{ item: item!, result, epoch: await epochOf(item!) }])
  const [again] = await itemsOf(ctx)
  assert.deepEqual([again!.id, again!.attempt], [item!.id, 2])
  assert.ok(again!.dueAt.getTime() <= systemClock.now().getTime())
  assert.equal((await selectSource(ctx.db, ctx.workspaceId, source.id))?.status, 'processing')
})

test('work that throws again and again ends in a failed source', async () => {
  const ctx = await makeCaller()
  const source = await createSource(ctx, { type: 'text', name: 'A', content: 'b' }, { settings })
  const [item] = await itemsOf(ctx)
  assert.deepEqual(await kind.prepare(database.system, [{ ...item!, attempt: 100 }]), [null])
  const row = await selectSource(ctx.db, ctx.workspaceId, source.id)
  assert.deepEqual([row?.status, row?.error_code], ['failed', 'internal_error'])
})

test('changes from many sides at once, while the worker works, end in statistics that are right', async () => {
  const ctx = await makeCaller()
  const worker = ingestion.startWorker()
  site.pages['/busy'] = () => ({
    type: 'text/markdown',
    body: `# Kettle\n\nIt whistled ${Math.random()} times. ${'Then it stood there. '.repeat(60)}`,
  })
  const url = `${site.url}/busy`
  const sources = await Promise.all(
    Array.from({ length: 8 }, () => createSource(ctx, { type: 'url', url }, { settings })),
  )
  const doomed = sources.slice(0, 3)
  for (let round = 0; round < 6; round++)
    await Promise.all([
      ...sources.slice(3).map(({ id }) => reingestSource(ctx, id)),
      ...(round % 2 === 1 ? [deleteSource(ctx, doomed.pop()!.id)] : []),
      createSource(ctx, { type: 'text', name: 'More', content: `The lamp glows ${round}.` }, { settings }),
    ])
  const rows = await ctx.db
    .selectFrom('knowledge_sources')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  for (const { id } of rows) assert.equal((await ingestion.settled(ctx, id)).status, 'ready')
  await worker.stop()
  for (const [what, { kept, counted }] of Object.entries(await compare(ctx))) assert.deepEqual(kept, counted, what)
})
