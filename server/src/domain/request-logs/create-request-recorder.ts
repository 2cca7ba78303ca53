import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { type AnsweredRequest, insertRequestLogs } from './insert-request-logs.ts'

/** Takes answered requests from the server and writes them beside it, so that no request ever waits for its log. */
export type RequestRecorder = {
  push(request: AnsweredRequest): void
  /** Writes what waits. Never throws: what cannot be written is counted and told to the log. */
  flush(): Promise<void>
}

type Options = { system: Db; log: Log; batchSize?: number; capacity?: number }

const maxTries = 3

/**
 * Requests wait in memory, `capacity` of them at most: where the database cannot follow, newer ones are dropped and their
 * number is logged. A batch is written as soon as it is full, and whatever waits at each `flush`.
 */
export const createRequestRecorder = ({
  system,
  log,
  batchSize = 500,
  capacity = 10_000,
}: Options): RequestRecorder => {
  const waiting: AnsweredRequest[] = []
  let dropped = 0
  let failures = 0
  let writing: Promise<void> | undefined

  const tellDropped = () => {
    if (dropped > 0) log.warn({ dropped }, 'requests were left out of the request log')
    dropped = 0
  }

  const writeBatch = async (): Promise<boolean> => {
    const batch = waiting.slice(0, batchSize)
    try {
      await insertRequestLogs(system, batch)
    } catch (error) {
      failures++
      log.error({ err: error, requests: batch.length, failures }, 'the request log could not be written')
      if (failures < maxTries) return false
      dropped += batch.length
    }
    failures = 0
    waiting.splice(0, batch.length)
    return true
  }

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0 && (await writeBatch()));
    tellDropped()
  }

  const start = (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined
    })
    return writing
  }

  return {
    push: (request) => {
      if (waiting.length >= capacity) {
        dropped++
        return
      }
      if (waiting.push(request) % batchSize === 0) void start()
    },
    // What is being written may leave out what came last.
    flush: async () => {
      await writing
      await start()
    },
  }
}
