import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type Connection,
  type ConnectionPool,
  DatabaseError,
  DatabaseUnavailableError,
  type Rows,
} from './connection.ts'
import type { Answer, Ask, EmbeddedOptions } from './embedded-worker.ts'

// A transaction that waits for a second connection would wait for itself: better an error that says so.
const acquireTimeoutMs = 20_000

const asBuffer = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value

/** The embedded PostgreSQL behind the same face as a pool. It has one connection, so holders take turns. */
export const openEmbeddedPool = async (options: EmbeddedOptions): Promise<ConnectionPool> => {
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: options })
  const pending = new Map<number, { resolve: (rows: Rows) => void; reject: (error: Error) => void }>()
  let lastId = 0
  let broken: Error | undefined

  const fail = (error: Error) => {
    broken = error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  await Promise.race([
    once(worker, 'message'),
    once(worker, 'error').then(([error]) => {
      throw error
    }),
  ])
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('The embedded database has stopped.')))
  worker.on('message', (answer: Answer) => {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if ('error' in answer)
      waiting?.reject(new DatabaseError(answer.error.message, answer.error.code ?? 'XX000', answer.error.constraint))
    else {
      // A Buffer does not survive the way between threads, and `pg` gives one.
      for (const name of answer.binary) for (const row of answer.rows) row[name] = asBuffer(row[name])
      waiting?.resolve(answer)
    }
  })

  const ask = (question: { text: string; values: readonly unknown[] | null } | { close: true }): Promise<Rows> =>
    new Promise((resolve, reject) => {
      if (broken) return reject(broken)
      const id = ++lastId
      pending.set(id, { resolve, reject })
      worker.postMessage({ id, ...question } satisfies Ask)
    })

  const connection: Connection = {
    bound: '',
    query: (text, values) => ask({ text, values }),
    together: (send) => send(),
    script: async (text) => {
      await ask({ text, values: null })
    },
  }

  let held = false
  const queue: { grant: () => void }[] = []
  const acquire = (): Promise<Connection> => {
    if (!held) {
      held = true
      return Promise.resolve(connection)
    }
    return new Promise((resolve, reject) => {
      const waiter = { grant: () => {} }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiter), 1)
        reject(
          new DatabaseUnavailableError(
            new Error('A transaction is holding the one connection of the embedded database.'),
          ),
        )
      }, acquireTimeoutMs)
      waiter.grant = () => {
        clearTimeout(timer)
        resolve(connection)
      }
      queue.push(waiter)
    })
  }

  return {
    kind: 'embedded',
    acquire,
    release: () => {
      const next = queue.shift()
      if (next) next.grant()
      else held = false
    },
    close: async () => {
      await ask({ close: true }).catch(() => undefined)
      await worker.terminate()
    },
  }
}
