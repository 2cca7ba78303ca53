import type { Socket } from 'node:net'
import pg from 'pg'
import { arrayText } from './array-text.ts'
import {
  type Connection,
  type ConnectionPool,
  DatabaseError,
  DatabaseUnavailableError,
  plannedAnew,
} from './connection.ts'

type Options = { url: string; max: number; onError: (error: Error) => void }

const timestampWithZone = 1184
const numberTypes = [20, 1700]

const readGeneral = pg.types.getTypeParser(timestampWithZone, 'text')
const digits = (text: string, at: number): number => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528

// A list of twenty rows holds forty of these: the library's reader knows every form and takes four times as long.
const readTimestamp = (text: string): Date => {
  if (text.charCodeAt(10) !== 32 || !text.endsWith('+00')) return readGeneral(text)
  const milliseconds = text.charCodeAt(19) === 46 ? Number(text.slice(20, -3).padEnd(3, '0').slice(0, 3)) : 0
  const day = Date.UTC(digits(text, 0) * 100 + digits(text, 2), digits(text, 5) - 1, digits(text, 8))
  return new Date(
    day + digits(text, 11) * 3_600_000 + digits(text, 14) * 60_000 + digits(text, 17) * 1_000 + milliseconds,
  )
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format: 'text' | 'binary' = 'text') =>
    oid === timestampWithZone
      ? readTimestamp
      : numberTypes.includes(oid)
        ? Number
        : pg.types.getTypeParser(oid, format),
}

// Past this many distinct texts a statement is sent unnamed: each name is memory on the server, per connection.
const maxNamedStatements = 1_000

// Lost connections, shutdown, cancelled and deadlocked statements, no session left.
const passing = /^(08|57|53)|^40(001|P01)$/

// Longer than any statement of ours; a database that has gone silent must not hold requests for ever.
const statementTimeoutMs = 30_000
const answerTimeoutMs = 35_000
// A process that was frozen in the middle of a transaction holds its locks, the sequencer's too, until this has passed.
const idleInTransactionMs = 8_000
const scriptTimeoutMs = 3_600_000

const parameterOf = (value: unknown): unknown => (Array.isArray(value) ? (arrayText(value) ?? value) : value)

const translate = (error: unknown): unknown => {
  if (error instanceof TypeError) return error
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return new DatabaseUnavailableError(error)
  return passing.test(error.code)
    ? new DatabaseUnavailableError(error)
    : new DatabaseError(error.message, error.code, error.constraint, error)
}

/** A pool over `pg`, with nearly every statement prepared once per connection and pipelined behind what is already under way. */
export const createPostgresPool = ({ url, max, onError }: Options): ConnectionPool => {
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    let name = names.get(text)
    if (name === undefined && names.size < maxNamedStatements && !text.includes(plannedAnew)) {
      name = `s${names.size}`
      names.set(text, name)
    }
    return name
  }
  const pool = new pg.Pool({
    connectionString: url,
    max,
    pipeline: true,
    types,
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    query_timeout: answerTimeoutMs,
    application_name: 'parley',
  } as pg.PoolConfig)
  pool.on('error', onError)
  // A session can die before it is handed out; its statements reject as well, which is where the failure is handled.
  pool.on('connect', (client) => client.on('error', () => undefined))

  const clients = new WeakMap<Connection, pg.PoolClient>()
  const connections = new WeakMap<pg.PoolClient, Connection>()
  const connectionOf = (client: pg.PoolClient): Connection => {
    const known = connections.get(client)
    if (known) return known
    const connection: Connection = {
      bound: '',
      query: async (text, values) => {
        try {
          const result = await client.query({ name: nameOf(text), text, values: values.map(parameterOf) })
          return { rows: result.rows, rowCount: result.rowCount ?? 0 }
        } catch (error) {
          throw translate(error)
        }
      },
      together: (send) => {
        const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
        stream.cork()
        try {
          return send()
        } finally {
          stream.uncork()
        }
      },
      script: async (text) => {
        try {
          await client.query({ text, query_timeout: scriptTimeoutMs } as pg.QueryConfig)
        } catch (error) {
          throw translate(error)
        }
      },
    }
    connections.set(client, connection)
    clients.set(connection, client)
    return connection
  }

  return {
    kind: 'postgres',
    acquire: async () => {
      try {
        return connectionOf(await pool.connect())
      } catch (error) {
        throw translate(error)
      }
    },
    release: (connection, broken = false) => clients.get(connection)?.release(broken),
    close: () => pool.end(),
  }
}
