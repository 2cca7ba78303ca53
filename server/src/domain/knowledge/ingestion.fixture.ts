import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { createSafeHttp } from '../../base/safe-http.ts'
import type { Database } from '../../database/open.ts'
import { startWorker, type Worker } from '../../work/worker.ts'
import type { Ctx } from '../context.ts'
import { createIngestKind } from './ingest-source.work.ts'
import type { SourceRow } from './present.ts'
import { selectSource } from './queries.ts'

const settings = { sandboxLoopback: true }

/** What a test of ingestion stands on: a database, and the real worker with little patience. */
export type Ingestion = {
  database: Database
  settings: typeof settings
  kind: ReturnType<typeof createIngestKind>
  startWorker(): Worker
  makeCaller(mode?: 'live' | 'sandbox'): Promise<Ctx>
  /** Waits until the source is neither queued nor processing. */
  settled(ctx: Ctx, id: string): Promise<SourceRow>
  /** The types of the workspace's events of knowledge sources, in order. */
  eventsOf(ctx: Ctx): Promise<string[]>
  close(): Promise<void>
}

export const openIngestion = async (): Promise<Ingestion> => {
  const database = await openTestDatabase()
  const http = createSafeHttp()
  const kind = createIngestKind({
    http,
    clock: systemClock,
    log: silentLog,
    sandboxLoopback: settings.sandboxLoopback,
    crawl: { maxPages: 12, delayMs: 1, totalMs: 60_000 },
    retrySeconds: [0.01, 0.01],
  })
  const workers: Worker[] = []
  return {
    database,
    settings,
    kind,
    startWorker: () => {
      const worker = startWorker({ db: database.system, kinds: [kind], clock: systemClock, log: silentLog, pollMs: 20 })
      workers.push(worker)
      return worker
    },
    makeCaller: async (mode = 'sandbox') => makeCtx(database, await makeWorkspace(database, mode), { mode }),
    settled: async (ctx, id) => {
      for (;;) {
        const source = await selectSource(ctx.db, ctx.workspaceId, id)
        if (!source) throw new Error('The source is gone.')
        if (source.status === 'ready' || source.status === 'failed') return source
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    eventsOf: async (ctx) => (await recordedEvents(database, ctx.workspaceId)).map(({ type }) => type),
    close: async () => {
      for (const worker of workers) await worker.stop()
      await http.close()
      await database.close()
    },
  }
}
