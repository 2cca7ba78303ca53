import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/open.ts'
import { type LogRow, readLog } from './read-log.ts'

/** The end of one workspace's log, for one reader. */
export type LogHead = {
  /** The last sequence number, as far as is known. */
  last(): number
  /** Resolves when the log has grown beyond a number, or the signal aborts. */
  grown(beyond: number, signal: AbortSignal): Promise<void>
  /** Some events after a number that lies within `pageSize` of the end: whoever is at the same place shares one reading. */
  page(after: number): Promise<LogRow[]>
  close(): void
}

/** Where the logs end that somebody follows: looked up for all of them at once, and never while nobody does. */
export type LogHeads = {
  /** Throws RATE_LIMIT_EXCEEDED when this reader follows as many logs as it may in this process. */
  open(workspaceId: string, reader: string): Promise<LogHead>
  /** Looks at once: events may have got their numbers. */
  wake(): void
}

type Options = {
  database: Database
  onError: (error: unknown) => void
  /** How often to look without being told, which is how events of a sequencer in another process are found at the latest. */
  pollMs?: number
  maxReaders?: number
}

type Page = { after: number; rows: Promise<LogRow[]> }
type Log = { last: number; readers: number; waiting: Set<() => void>; page: Page | undefined }

/** How many events a reader holds at once. */
export const pageSize = 100

const retryAfterSeconds = 5

const tooMany = (maxReaders: number) =>
  new AppError(
    'RATE_LIMIT_EXCEEDED',
    `At most ${maxReaders} streams of events may be open at once for each key. Close one of them first.`,
    { retryAfter: retryAfterSeconds },
  )

export const createLogHeads = ({ database, onError, pollMs = 1_000, maxReaders = 10 }: Options): LogHeads => {
  const logs = new Map<string, Log>()
  const readers = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let looking = false
  let again = false

  const look = async () => {
    const { rows } = await sql<{ workspace_id: string; last: number | string }>`
      select workspace_id, last from event_sequences where workspace_id = any(${[...logs.keys()]}::uuid[])`.execute(
      database.system,
    )
    for (const { workspace_id, last } of rows) {
      const log = logs.get(workspace_id)
      if (!log || Number(last) <= log.last) continue
      log.last = Number(last)
      // Read when the log was shorter: whoever knows its new end would take the end of the page for it.
      log.page = undefined
      const waiting = [...log.waiting]
      log.waiting.clear()
      for (const wakeReader of waiting) wakeReader()
    }
  }

  const wake = async () => {
    again = true
    if (looking) return
    looking = true
    try {
      while (again && logs.size > 0) {
        again = false
        await look()
      }
    } catch (error) {
      onError(error)
    } finally {
      looking = false
    }
  }

  const begin = (workspaceId: string): Log => {
    const log = logs.get(workspaceId) ?? { last: 0, readers: 0, waiting: new Set(), page: undefined }
    logs.set(workspaceId, log)
    log.readers++
    timer ??= setInterval(wake, pollMs)
    return log
  }

  const end = (workspaceId: string, log: Log) => {
    if (--log.readers > 0) return
    logs.delete(workspaceId)
    if (logs.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  const count = (reader: string, by: 1 | -1) => {
    const open = (readers.get(reader) ?? 0) + by
    if (open > maxReaders) throw tooMany(maxReaders)
    if (open === 0) readers.delete(reader)
    else readers.set(reader, open)
  }

  const grown = (log: Log, beyond: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted || log.last > beyond) return resolve()
      const done = () => {
        log.waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      log.waiting.add(done)
      signal.addEventListener('abort', done)
    })

  const read = (workspaceId: string, log: Log, after: number): Promise<LogRow[]> => {
    const rows = readLog(database.workspace(workspaceId), workspaceId, {}, { order: 'oldest', beyond: after }, pageSize)
    const page = { after, rows }
    log.page = page
    rows.catch(() => {
      if (log.page === page) log.page = undefined
    })
    return rows
  }

  const readShared = async (workspaceId: string, log: Log, after: number): Promise<LogRow[]> => {
    const { page } = log
    if (page && page.after <= after) {
      const rows = (await page.rows).filter(({ sequence }) => sequence > after)
      if (rows.length > 0) return rows
      // Others who waited for the same page may have begun the next one meanwhile.
      if (log.page && log.page !== page && log.page.after === after) return log.page.rows
    }
    return read(workspaceId, log, after)
  }

  return {
    open: async (workspaceId, reader) => {
      count(reader, 1)
      const log = begin(workspaceId)
      const head: LogHead = {
        last: () => log.last,
        grown: (beyond, signal) => grown(log, beyond, signal),
        page: (after) => readShared(workspaceId, log, after),
        close: () => {
          end(workspaceId, log)
          count(reader, -1)
        },
      }
      try {
        // Whatever others know: a reader who begins now begins behind what it has seen recorded.
        await look()
        return head
      } catch (error) {
        head.close()
        throw error
      }
    },
    wake: () => void wake(),
  }
}
