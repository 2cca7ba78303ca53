import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createSource } from './create-source.ts'
import { openIngestion } from './ingestion.fixture.ts'
import { listChunks } from './list-chunks.ts'
import { listDocuments } from './list-documents.ts'
import { presentSource } from './present.ts'
import { KnowledgeSource } from './contract.ts'

const ingestion = await openIngestion()
const { settings, makeCaller, settled, eventsOf } = ingestion
ingestion.startWorker()
after(() => ingestion.close())

const firstPage = { limit: 100, after: null }

test('a text becomes ready with passages that stand in its document to the letter', async () => {
  const ctx = await makeCaller()
  const content = '# Refunds\n\nYou can return a lamp within 30 days.\n\n# Shipping\n\nWe ship on Mondays.'
  const source = await createSource(ctx, { type: 'text', name: 'Lamps', content }, { settings })
  assert.equal(source.status, 'queued')
  const ready = await settled(ctx, source.id)
  KnowledgeSource.parse(presentSource(ready))
  assert.equal(ready.status, 'ready')
  assert.equal(ready.version, 1)
  const { rows: documents } = await listDocuments(ctx, source.id, firstPage)
  const { rows: chunks } = await listChunks(ctx, source.id, firstPage)
  assert.equal(documents.length, 1)
  assert.ok(chunks.length >= 1)
  for (const chunk of chunks) assert.equal(documents[0]!.text.slice(chunk.char_start, chunk.char_end), chunk.text)
  assert.deepEqual(await eventsOf(ctx), [
    'knowledge_source.created',
    'knowledge_source.processing',
    'knowledge_source.ready',
  ])
})
