import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Connection, ConnectionPool } from './connection.ts'

/** Whom a session speaks for: one workspace under row-level security, or the workers, who see every workspace. */
export type Scope = { role: 'parley_request'; workspaceId: string } | { role: 'parley_worker' }

class ScopedConnection implements DatabaseConnection {
  readonly connection: Connection
  broken = false
  constructor(connection: Connection) {
    this.connection = connection
  }
  async executeQuery<Row>(compiled: CompiledQuery): Promise<QueryResult<Row>> {
    const result = await this.connection.query(compiled.sql, compiled.parameters)
    return { rows: result.rows as Row[], numAffectedRows: BigInt(result.rowCount) }
  }
  // biome-ignore lint/correctness/useYield: nothing here streams rows; callers page instead
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming rows is not supported: read in pages.')
  }
}

const bindText = `select set_config('role', $1, false), set_config('app.workspace_id', $2, false)`

const createDriver = (pool: ConnectionPool, scope: Scope, committed: () => void): Driver => {
  const workspaceId = scope.role === 'parley_request' ? scope.workspaceId : ''
  const key = `${scope.role} ${workspaceId}`

  // The binding is sent without waiting: the statement behind it travels in the same packet, and a failed binding fails
  // that statement too, because an unbound session sees nothing.
  const bind = (connection: Connection): void => {
    if (connection.bound === key) return
    connection.bound = key
    connection.query(bindText, [scope.role, workspaceId]).catch(() => {
      connection.bound = ''
    })
  }

  const command = (held: DatabaseConnection, text: string) => (held as ScopedConnection).connection.query(text, [])

  return {
    init: async () => undefined,
    acquireConnection: async () => {
      const connection = await pool.acquire()
      bind(connection)
      return new ScopedConnection(connection)
    },
    beginTransaction: async (held) => {
      // Not awaited either: should it fail, the session is broken and so is every statement behind it.
      command(held, 'begin').catch(() => {
        ;(held as ScopedConnection).broken = true
      })
    },
    commitTransaction: async (held) => {
      if ((held as ScopedConnection).broken) throw new Error('The transaction could not be opened.')
      await command(held, 'commit')
      committed()
    },
    rollbackTransaction: async (held) => {
      await command(held, 'rollback').catch(() => {
        ;(held as ScopedConnection).broken = true
      })
    },
    releaseConnection: async (held) => {
      const { connection, broken } = held as ScopedConnection
      if (broken) connection.bound = ''
      pool.release(connection, broken)
    },
    destroy: async () => undefined,
  }
}

export const createScopedDialect = (pool: ConnectionPool, scope: Scope, committed: () => void): Dialect => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => createDriver(pool, scope, committed),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
})
