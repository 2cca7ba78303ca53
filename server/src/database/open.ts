import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import type { ConnectionPool } from './connection.ts'
import { openEmbeddedPool } from './embedded-pool.ts'
import { lockFolder } from './folder-lock.ts'
import { migrate } from './migrate.ts'
import { dropDay, ensurePartitions, listDays } from './partitions.ts'
import { createPostgresPool } from './postgres-pool.ts'
import { createPostgresSignals } from './postgres-signals.ts'
import { createScopedDialect } from './scoped-dialect.ts'
import { noSignals, type Signals } from './signals.ts'
import type { Tables } from './tables.ts'

/** The query builder: a database or the transaction inside it. */
export type Db = Kysely<Tables>

export type Database = {
  kind: 'embedded' | 'postgres'
  /** Under row-level security: sees and writes this workspace only, whatever the query says. */
  workspace(workspaceId: string): Db
  /** For workers and for finding the workspace behind a credential: sees every workspace. */
  system: Db
  /** Called after every committed transaction of a workspace: there may be new events or work. */
  onCommit(listener: () => void): void
  /** Between the processes on this database. */
  signals: Signals
  /** Makes the coming days' partitions; called once a few hours. */
  prepareDays(now: Date): Promise<void>
  /** The days that have partitions, oldest first, as YYYY-MM-DD. */
  listDays(): Promise<string[]>
  /** Drops a day of all daily tables; false when there was no moment to do so, or another process is at it. */
  dropDay(day: string): Promise<boolean>
  close(): Promise<void>
}

export type DatabaseConfig = {
  /** Connection string of a PostgreSQL; the embedded database is used when null. */
  url: string | null
  /** Folder of the embedded database; in memory when null. */
  folder: string | null
  /** A dumped data directory to start the embedded database from. */
  dump?: string
  maxConnections?: number
  onError?: (error: Error) => void
}

const maxCachedWorkspaces = 1_000

const openPool = async (config: DatabaseConfig): Promise<{ pool: ConnectionPool; unlock: () => Promise<void> }> => {
  if (config.url)
    return {
      pool: createPostgresPool({
        url: config.url,
        max: config.maxConnections ?? 10,
        onError: config.onError ?? (() => undefined),
      }),
      unlock: async () => undefined,
    }
  if (config.folder === null)
    return { pool: await openEmbeddedPool({ folder: null, dump: config.dump ?? null }), unlock: async () => undefined }
  const unlock = await lockFolder(config.folder)
  try {
    const folder = join(config.folder, 'database')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return { pool: await openEmbeddedPool({ folder, dump: config.dump ?? null }), unlock }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** Opens the database and migrates it. Throws `FolderInUseError` when another process has the embedded folder. */
export const openDatabase = async (config: DatabaseConfig): Promise<Database> => {
  const { pool, unlock } = await openPool(config)
  try {
    await migrate(pool)
    await ensurePartitions(pool, new Date())
  } catch (error) {
    await pool.close()
    await unlock()
    throw error
  }
  const signals = config.url
    ? createPostgresSignals({ url: config.url, onError: config.onError ?? (() => undefined) })
    : noSignals
  const listeners: (() => void)[] = []
  const committed = () => {
    for (const listener of listeners) listener()
  }
  const system: Db = new Kysely({ dialect: createScopedDialect(pool, { role: 'parley_worker' }, () => undefined) })
  const byWorkspace = new Map<string, Db>()
  const workspace = (workspaceId: string): Db => {
    const known = byWorkspace.get(workspaceId)
    if (known) return known
    if (byWorkspace.size >= maxCachedWorkspaces) byWorkspace.clear()
    const db: Db = new Kysely({
      dialect: createScopedDialect(pool, { role: 'parley_request', workspaceId }, committed),
    })
    byWorkspace.set(workspaceId, db)
    return db
  }
  return {
    kind: pool.kind,
    workspace,
    system,
    onCommit: (listener) => listeners.push(listener),
    signals,
    prepareDays: (now) => ensurePartitions(pool, now),
    listDays: () => listDays(pool),
    dropDay: (day) => dropDay(pool, day),
    close: async () => {
      await signals.close()
      await pool.close()
      await unlock()
    },
  }
}
