import type { AddressPolicy } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import type { Db } from '../../database/open.ts'
import { type Again, defineWorkKind, type Finished, type WorkItem, type WorkKind } from '../../work/work-kind.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { type CrawlLimits, crawlLimits } from './crawl-site.ts'
import { IngestPayload, ingestKind } from './enqueue-ingest.ts'
import { beginIngest, failIngest, lockIngested, reportIngest, storeIngest } from './ingest-steps.ts'
import type { SourceRow } from './present.ts'
import { type ReadSource, readSource } from './read-source.ts'
import { SourceError } from './source-error.ts'
import type { Upload } from './source-input.ts'

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

/** Reads sources in the background: `queued` → `processing` → `ready` or `failed`, each with its event. */
export const createIngestKind = (outside: Outside): WorkKind => {
  const { clock, http, sandboxLoopback, crawl = crawlLimits, retrySeconds = defaultRetrySeconds } = outside

  const prepareOne = async (db: Db, item: WorkItem): Promise<Input | null> => {
    const source = await beginIngest(db, item, outside)
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
      report: (done, total) => reportIngest(db, source, done, total),
      store: (read) => storeIngest(db, item, read, outside),
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
    const source = await lockIngested(tx, item)
    if (!source) return undefined
    if (result.status === 'interrupted') return { id: item.id, dueAt: clock.now(), band: 1 }
    const { failures, source_id } = IngestPayload.parse(JSON.parse(item.payload))
    const seconds = retrySeconds[failures]
    if (!result.retryable || seconds === undefined) return void (await failIngest(tx, source, result, outside))
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
