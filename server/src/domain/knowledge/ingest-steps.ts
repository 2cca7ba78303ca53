import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { WorkItem } from '../../work/work-kind.ts'
import type { Ctx } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { IngestPayload } from './enqueue-ingest.ts'
import { sourceFailed, sourceProcessing, sourceReady } from './events.ts'
import { presentSource, type SourceRow } from './present.ts'
import type { ReadSource } from './read-source.ts'
import { lockIndexes } from './search-index.ts'
import { writeSource } from './write-source.ts'

// What a source becomes while an item of work reads it, each step with its event.

type Outside = { clock: Clock; log: Log }

export type Failure = { code: string; message: string }

// Only a fault of ours, thrown again and again, brings an item here.
const maxAttempts = 12
const fault: Failure = {
  code: 'internal_error',
  message: 'The source could not be processed because of a fault on our side.',
}

const systemCtx = (db: Db, source: SourceRow, { clock, log }: Outside): Ctx => ({
  db,
  workspaceId: source.workspace_id,
  mode: 'live',
  actor: { type: 'system', name: 'ingestion' },
  requestId: source.ingest_id,
  clock,
  log,
})

const save = async (
  tx: Db,
  row: SourceRow,
  event: EventType<typeof sourceReady.data>,
  outside: Outside,
): Promise<void> => {
  await tx
    .updateTable('knowledge_sources')
    .set(row)
    .where('workspace_id', '=', row.workspace_id)
    .where('id', '=', row.id)
    .execute()
  await recordEvent(systemCtx(tx, row, outside), tx, event, {
    subject: { type: 'knowledge_source', id: row.id },
    data: presentSource(row),
  })
}

/** The source as this item may still change it: it exists and nobody has asked for a newer ingest. */
export const lockIngested = (tx: Db, item: WorkItem): Promise<SourceRow | undefined> =>
  tx
    .selectFrom('knowledge_sources')
    .selectAll()
    .where('workspace_id', '=', item.workspaceId)
    .where('id', '=', IngestPayload.parse(JSON.parse(item.payload)).source_id)
    .where('ingest_id', '=', item.id)
    .where('status', 'in', ['queued', 'processing'])
    .forUpdate()
    .executeTakeFirst()

/** `failed`; but a source that has answered before goes on answering from what it has. */
export const failIngest = (tx: Db, source: SourceRow, { code, message }: Failure, outside: Outside): Promise<void> =>
  save(
    tx,
    {
      ...source,
      status: source.version > 0 ? 'ready' : 'failed',
      error_code: code,
      error_message: message,
      updated_at: outside.clock.now(),
    },
    sourceFailed,
    outside,
  )

/** `processing`; undefined where nothing is left to read, or an item that never comes to an end is given up. */
export const beginIngest = (db: Db, item: WorkItem, outside: Outside): Promise<SourceRow | undefined> =>
  // scope: whoever made the source was asked for it.
  transaction(db, async (tx) => {
    const source = await lockIngested(tx, item)
    if (!source) return undefined
    if (item.attempt > maxAttempts) {
      await failIngest(tx, source, fault, outside)
      return undefined
    }
    if (source.status === 'processing') return source
    const row: SourceRow = { ...source, status: 'processing', updated_at: outside.clock.now() }
    await save(tx, row, sourceProcessing, outside)
    return row
  })

/** How much of a source is read, for those who watch it. */
export const reportIngest = async (db: Db, source: SourceRow, done: number, total: number): Promise<void> => {
  await db
    .updateTable('knowledge_sources')
    .set({ progress_done: done, progress_total: total })
    .where('workspace_id', '=', source.workspace_id)
    .where('id', '=', source.id)
    .where('ingest_id', '=', source.ingest_id)
    .execute()
}

/**
 * `ready`. A transaction of its own, because a large source takes seconds and `settle` holds up the whole lane. It counts
 * only while the source still waits for this very ingest, so doing it twice, or with a lost lease, changes nothing.
 */
export const storeIngest = (db: Db, item: WorkItem, read: ReadSource, outside: Outside): Promise<void> =>
  // scope: whoever made the source was asked for it.
  transaction(db, async (tx) => {
    await lockIndexes(tx, [item.workspaceId])
    const source = await lockIngested(tx, item)
    if (!source) return
    const changed = source.content_hash !== read.contentHash
    if (changed) await writeSource(tx, source, read.documents)
    const now = outside.clock.now()
    const row: SourceRow = {
      ...source,
      status: 'ready',
      error_code: null,
      error_message: null,
      version: source.version + (changed ? 1 : 0),
      content_hash: read.contentHash,
      chunk_count: read.documents.reduce((sum, { chunks }) => sum + chunks.length, 0),
      character_count: read.documents.reduce((sum, { text }) => sum + text.length, 0),
      fetched_at: now,
      updated_at: now,
    }
    await save(tx, row, sourceReady, outside)
  })
