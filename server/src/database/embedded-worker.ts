import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

/** What the pool asks of this thread, in order; one answer each. */
export type Ask = { id: number; text: string; values: readonly unknown[] | null } | { id: number; close: true }
export type Answer =
  | { id: number; rows: Record<string, unknown>[]; rowCount: number; binary: string[] }
  | { id: number; error: { message: string; code: string | undefined; constraint: string | undefined } }

const bytea = 17

export type EmbeddedOptions = { folder: string | null; dump: string | null }

// This thread keeps a WASM PostgreSQL off the thread that answers requests: a slow query stalls only the database.
if (parentPort) {
  const port = parentPort
  const { folder, dump } = workerData as EmbeddedOptions
  const options: PGliteOptions = dump ? { loadDataDir: new Blob([await readFile(dump)]) } : {}
  const database = await PGlite.create(folder ?? 'memory://', options)

  const run = async (ask: Ask): Promise<Answer> => {
    if ('close' in ask) {
      await database.close()
      return { id: ask.id, rows: [], rowCount: 0, binary: [] }
    }
    if (ask.values === null) {
      await database.exec(ask.text)
      return { id: ask.id, rows: [], rowCount: 0, binary: [] }
    }
    const result = await database.query<Record<string, unknown>>(ask.text, ask.values as unknown[])
    const binary = result.fields.filter(({ dataTypeID }) => dataTypeID === bytea).map(({ name }) => name)
    return { id: ask.id, rows: result.rows, rowCount: result.affectedRows || result.rows.length, binary }
  }

  port.on('message', async (ask: Ask) => {
    try {
      port.postMessage(await run(ask))
    } catch (caught) {
      const error = caught as { message: string; code?: string; constraint?: string }
      port.postMessage({
        id: ask.id,
        error: { message: error.message, code: error.code, constraint: error.constraint },
      })
    }
    if ('close' in ask) port.close()
  })
  port.postMessage({ ready: true })
}
