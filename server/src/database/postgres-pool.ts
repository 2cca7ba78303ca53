import pg from 'pg'
import { type Connection, type ConnectionPool, DatabaseError } from './connection.ts'

type Options = { url: string; max: number; onError: (error: Error) => void }

const numberTypes = [20, 1700]

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    numberTypes.includes(oid) ? Number : pg.types.getTypeParser(oid, format),
}

// Past this many distinct texts a statement is sent unnamed: each name is memory on the server, per connection.
const maxNamedStatements = 1_000

const translate = (error: unknown): unknown =>
  error instanceof pg.DatabaseError && error.code !== undefined
    ? new DatabaseError(error.message, error.code, error.constraint, error)
    : error

/** A pool over `pg`, with every statement prepared once per connection and pipelined behind what is already under way. */
export const createPostgresPool = ({ url, max, onError }: Options): ConnectionPool => {
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    let name = names.get(text)
    if (name === undefined && names.size < maxNamedStatements) {
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
    application_name: 'parley',
  } as pg.PoolConfig)
  pool.on('error', onError)

  const clients = new WeakMap<Connection, pg.PoolClient>()
  const connections = new WeakMap<pg.PoolClient, Connection>()
  const connectionOf = (client: pg.PoolClient): Connection => {
    const known = connections.get(client)
    if (known) return known
    // A client that fails while checked out emits `error`; the statement under way rejects as well, which is where it is handled.
    client.on('error', () => undefined)
    const connection: Connection = {
      bound: '',
      query: async (text, values) => {
        try {
          const result = await client.query({ name: nameOf(text), text, values: values as unknown[] })
          return { rows: result.rows, rowCount: result.rowCount ?? 0 }
        } catch (error) {
          throw translate(error)
        }
      },
      script: async (text) => {
        try {
          await client.query(text)
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
    acquire: async () => connectionOf(await pool.connect()),
    release: (connection, broken = false) => clients.get(connection)?.release(broken),
    close: () => pool.end(),
  }
}
