import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { toWireId } from '../../server/src/base/ids.ts'
import { createSecretBox } from '../../server/src/base/secret-box.ts'
import { type Database, openDatabase } from '../../server/src/database/open.ts'
import { transaction } from '../../server/src/database/transaction.ts'
import type { Ctx } from '../../server/src/domain/context.ts'
import {
  defineEvent,
  firstBatch,
  nextBatch,
  recordEvent,
  sequenceEvents,
} from '../../server/src/domain/events/index.ts'
import { createFanOut, createWebhook } from '../../server/src/domain/webhooks/index.ts'
import { loadSecrets } from '../../server/src/secrets.ts'
import { makeCtx, makeWorkspace } from '../../server/test/make.ts'
import type { PostgresServer } from '../../server/test/postgres-server.ts'
import type { Used } from '../count-statements.ts'
import { ask, freePort, startScript, stopProcess } from '../processes.ts'
import type { Ask, Receipts, Receivers } from './receiver.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const main = path('../../server/src/main.ts')

const benchHappened = defineEvent({
  type: 'bench.happened',
  description: 'Something to deliver.',
  data: z.object({ n: z.number(), text: z.string() }),
  example: { n: 1, text: '' },
})
// With it an envelope is as long as that of a contact.
const text = 'x'.repeat(280)
/** As many endpoints as any part wants. */
export const mostEndpoints = 1_000
/** How many never answer. */
export const hangingEndpoints = 600
/** How long the envelope of one such event is, more or less. */
export const envelopeBytes = 700

export type Server = { child: ChildProcess; origin: string; used: () => Promise<Used>; stop: () => Promise<void> }

export type Stage = {
  receivers: Receivers
  receipts: (message?: Ask) => Promise<Receipts>
  bare: ChildProcess
  sandboxKey: string
  /** Starts the real server; on the embedded database everything else must be closed meanwhile. */
  startServer: (env?: Record<string, string>) => Promise<Server>
  /** Opens the database for as long as `work` needs it. */
  withDatabase: <Result>(work: (database: Database) => Promise<Result>) => Promise<Result>
  newWorkspace: (database: Database) => Promise<Ctx>
  addWebhooks: (ctx: Ctx, ports: readonly number[], window: number) => Promise<string[]>
  close: () => Promise<void>
}

const perTransaction = 250

/** Records events, as many transactions at a time as given; returns the id of each as receivers see it. */
export const recordEvents = async (ctx: Ctx, count: number, inOne = perTransaction): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n += inOne)
    await transaction(ctx.db, async (tx) => {
      for (let i = n; i < Math.min(count, n + inOne); i++) {
        const subject = { type: 'bench', id: null }
        ids.push(toWireId('event', await recordEvent(ctx, tx, benchHappened, { subject, data: { n: i, text } })))
      }
    })
  return ids
}

/** Numbers what was recorded and fans it out, as the sequencer does. */
export const sequenceAll = async (database: Database): Promise<number> => {
  let sequenced = 0
  for (let batch = firstBatch; ; ) {
    const step = await sequenceEvents(database.system, createFanOut(), batch)
    batch = nextBatch(step, batch)
    sequenced += step.sequenced
    if (!step.more) return sequenced
  }
}

/** A receiver, a bare sender and what it takes to run the real server against them. `postgres` null: embedded. */
export const openStage = async (postgres: Pick<PostgresServer, 'url'> | null, endpoints: number): Promise<Stage> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const secret = randomBytes(32)
  const url = postgres?.url ?? null
  const receiver = await startScript([path('./receiver.ts'), String(endpoints)], 'listening', { ipc: true })
  const receipts = (message: Ask = {}) => ask<Receipts>(receiver, message)
  // Apart, so that what they do to themselves is not taken for what they do to others.
  const troubled = await startScript([path('./receiver.ts'), '0', String(hangingEndpoints)], 'listening', { ipc: true })
  const { ports } = await ask<Receivers>(receiver, { receivers: true })
  const receivers: Receivers = { ...(await ask<Receivers>(troubled, { receivers: true })), ports }
  const bare = await startScript([path('./bare-sender.ts')], 'listening', { ipc: true })

  const startServer: Stage['startServer'] = async (env = {}) => {
    const port = await freePort()
    const args = ['--import', path('../count-statements.ts'), ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), main]
    const child = await startScript(args, 'Parley is ready', {
      cwd: folder,
      ipc: true,
      env: {
        PORT: String(port),
        PARLEY_SECRET_KEY: secret.toString('base64'),
        PARLEY_LOG_LEVEL: 'error',
        ...(url ? { DATABASE_URL: url } : {}),
        ...env,
      },
    })
    return {
      child,
      origin: `http://127.0.0.1:${port}`,
      used: () => ask<Used>(child, {}),
      stop: () => stopProcess(child),
    }
  }

  await (await startServer()).stop()
  const credentials = JSON.parse(await readFile(join(folder, '.parley', 'credentials.json'), 'utf8'))
  const secretBox = createSecretBox([{ id: 1, key: (await loadSecrets(secret, folder)).box }])
  const outside = {
    eventTypes: [benchHappened],
    secretBox,
    settings: { sandboxLoopback: true, webhookHeaderBrand: 'Parley' },
  }

  return {
    receivers,
    receipts,
    bare,
    sandboxKey: credentials.sandbox_key,
    startServer,
    withDatabase: async (work) => {
      const database = await openDatabase({ url, folder: url ? null : join(folder, '.parley') })
      return work(database).finally(() => database.close())
    },
    newWorkspace: async (database) => makeCtx(database, await makeWorkspace(database)),
    addWebhooks: async (ctx, ports, window) => {
      const ids = []
      for (const port of ports) {
        const input = { url: `http://127.0.0.1:${port}/`, events: ['bench.happened'], max_in_flight: window }
        ids.push((await createWebhook(ctx, input, outside)).row.id)
      }
      return ids
    },
    close: async () => {
      await stopProcess(bare)
      await stopProcess(receiver)
      await stopProcess(troubled)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
