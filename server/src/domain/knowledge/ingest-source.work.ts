import type { AddressPolicy } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Again, defineWorkKind, type Finished, type WorkItem, type WorkKind } from '../../work/work-kind.ts'
import type { Ctx } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { type CrawlLimits, crawlLimits } from './crawl-site.ts'
import { IngestPayload, ingestKind } from './enqueue-ingest.ts'
import { sourceFailed, sourceProcessing, sourceReady } from './events.ts'
import { presentSource, type SourceRow } from './present.ts'
import { type ReadSource, readSource } from './read-source.ts'
import { lockIndexes } from './search-index.ts'
import { SourceError } from './source-error.ts'
import type { Upload } from './source-input.ts'
import { writeSource } from './write-source.ts'

type Outside = {
  clock: Clock
  log: Log
  http: SafeHttp
  /** Sandbox workspaces may name http and loopback addresses. */
  sandboxLoopback: boolean
  /** For tests: how patient a crawl is. */
  crawl?: CrawlLimits
  /** For tests: seconds before a failed fetch is tried again, one entry a try. */
  retrySeconds?: readonly number[]
}

type Input = {
  source: SourceRow
  upload: Upload | null
  policy: AddressPolicy
  report(done: number, total: number): Promise<void>
  store(read: ReadSource): Promise<void>
}

type Outcome =
  | { status: 'stored' }
  | { status: 'failed'; code: string; message: string; retryable: boolean }
  | { status: 'interrupted' }

const window = 2
const defaultRetrySeconds = [2, 10]
// Only a fault of ours, thrown again and again, brings an item here.
const maxAttempts = 12
const faultMessage = 'The source could not be processed because of a fault on our side.'

/** Reads sources in the background: `queued` → `processing` → `ready` or `failed`, each with its event. */
export const createIngestKind = (outside: Outside): WorkKind => {
  const { clock, log, http, sandboxLoopback, crawl = crawlLimits, retrySeconds = defaultRetrySeconds } = outside

  const systemCtx = (db: Db, source: SourceRow): Ctx => ({
    db,
    workspaceId: source.workspace_id,
    mode: 'live',
    actor: { type: 'system', name: 'ingestion' },
    requestId: source.ingest_id,
    clock,
    log,
  })

  const save = async (tx: Db, row: SourceRow, event: EventType<typeof sourceReady.data>): Promise<void> => {
    await tx
      .updateTable('knowledge_sources')
      .set(row)
      .where('workspace_id', '=', row.workspace_id)
      .where('id', '=', row.id)
      .execute()
    await recordEvent(systemCtx(tx, row), tx, event, {
      subject: { type: 'knowledge_source', id: row.id },
      data: presentSource(row),
    })
  }

  /** The source as this item may still change it: it exists and nobody has asked for a newer ingest. */
  const lockSource = (tx: Db, item: WorkItem): Promise<SourceRow | undefined> =>
    tx
      .selectFrom('knowledge_sources')
      .selectAll()
      .where('workspace_id', '=', item.workspaceId)
      .where('id', '=', IngestPayload.parse(JSON.parse(item.payload)).source_id)
      .where('ingest_id', '=', item.id)
      .where('status', 'in', ['queued', 'processing'])
      .forUpdate()
      .executeTakeFirst()

  // A failed source that has answered before goes on answering from what it has.
  const fail = (tx: Db, source: SourceRow, { code, message }: { code: string; message: string }): Promise<void> =>
    save(
      tx,
      {
        ...source,
        status: source.version > 0 ? 'ready' : 'failed',
        error_code: code,
        error_message: message,
        updated_at: clock.now(),
      },
      sourceFailed,
    )

  const begin = (db: Db, item: WorkItem): Promise<SourceRow | undefined> =>
    transaction(db, async (tx) => {
      const source = await lockSource(tx, item)
      if (!source) return undefined
      if (item.attempt > maxAttempts) {
        await fail(tx, source, { code: 'internal_error', message: faultMessage })
        return undefined
      }
      if (source.status === 'processing') return source
      const row: SourceRow = { ...source, status: 'processing', updated_at: clock.now() }
      await save(tx, row, sourceProcessing)
      return row
    })

  const reportTo =
    (db: Db, source: SourceRow) =>
    async (done: number, total: number): Promise<void> => {
      await db
        .updateTable('knowledge_sources')
        .set({ progress_done: done, progress_total: total })
        .where('workspace_id', '=', source.workspace_id)
        .where('id', '=', source.id)
        .where('ingest_id', '=', source.ingest_id)
        .execute()
    }

  // A transaction of its own, because a large source takes seconds and `settle` holds up the whole lane. It counts only
  // while the source still waits for this very ingest, so doing it twice, or with a lost lease, changes nothing.
  const store = (db: Db, item: WorkItem, read: ReadSource): Promise<void> =>
    transaction(db, async (tx) => {
      await lockIndexes(tx, [item.workspaceId])
      const source = await lockSource(tx, item)
      if (!source) return
      const changed = source.content_hash !== read.contentHash
      if (changed) await writeSource(tx, source, read.documents)
      const now = clock.now()
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
      await save(tx, row, sourceReady)
    })

  const prepareOne = async (db: Db, item: WorkItem): Promise<Input | null> => {
    const source = await begin(db, item)
    if (!source) return null
    const { mode } = await db
      .selectFrom('workspaces')
      .select('mode')
      .where('id', '=', item.workspaceId)
      .executeTakeFirstOrThrow()
    return {
      source,
      upload: await readUpload(db, source),
      policy: outgoingPolicy(mode, { sandboxLoopback }),
      report: reportTo(db, source),
      store: (read) => store(db, item, read),
    }
  }

  const run = async (
    _item: WorkItem,
    { source, upload, policy, report, store }: Input,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    try {
      await store(await readSource(source, upload, { safeHttp: http, policy, signal, crawl, report }))
      return { status: 'stored' }
    } catch (error) {
      if (signal.aborted) return { status: 'interrupted' }
      if (!(error instanceof SourceError)) throw error
      return { status: 'failed', code: error.code, message: error.message, retryable: error.retryable }
    }
  }

  const settleOne = async (tx: Db, { item, result }: Finished<Outcome>): Promise<Again | undefined> => {
    if (result.status === 'stored') return undefined
    const source = await lockSource(tx, item)
    if (!source) return undefined
    if (result.status === 'interrupted') return { id: item.id, dueAt: clock.now(), band: 1 }
    const { failures, source_id } = IngestPayload.parse(JSON.parse(item.payload))
    const seconds = retrySeconds[failures]
    if (!result.retryable || seconds === undefined) return void (await fail(tx, source, result))
    const payload = JSON.stringify({ source_id, failures: failures + 1 })
    return { id: item.id, dueAt: new Date(clock.now().getTime() + seconds * 1_000), band: 1, payload }
  }

  return defineWorkKind<Input, Outcome>({
    kind: ingestKind,
    window,
    prepare: async (db, items) => {
      const inputs: (Input | null)[] = []
      for (const item of items) inputs.push(await prepareOne(db, item))
      return inputs
    },
    run,
    settle: async (tx, finished) => {
      const again: Again[] = []
      for (const one of finished) {
        const plan = one.stale ? undefined : await settleOne(tx, one)
        if (plan) again.push(plan)
      }
      return again
    },
  })
}

const readUpload = async (db: Db, source: SourceRow): Promise<Upload | null> => {
  const row = await db
    .selectFrom('knowledge_uploads')
    .select(['file_name', 'media_type', 'bytes'])
    .where('workspace_id', '=', source.workspace_id)
    .where('source_id', '=', source.id)
    .executeTakeFirst()
  return row ? { fileName: row.file_name, mediaType: row.media_type, bytes: Buffer.from(row.bytes) } : null
}
