import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Connection, ConnectionPool, Rows } from './connection.ts'

/** Whom a session speaks for: one workspace under row-level security, or the workers, who see every workspace. */
export type Scope = { role: 'parley_request'; workspaceId: string } | { role: 'parley_worker' }

/** A statement with its parameters. */
export type Statement = { sql: string; parameters: readonly unknown[] }

/** A session held for a scope. What must go ahead of the next statement waits for it, and travels in its packet. */
export class ScopedConnection implements DatabaseConnection {
  readonly connection: Connection
  /** Written with the commit, in its packet: see `beforeCommit`. */
  atCommit: Statement[] = []
  broken = false
  #ahead: Statement[]
  constructor(connection: Connection, ahead: Statement[]) {
    this.connection = connection
    this.#ahead = ahead
  }

  /** Sends the statement before the next one. Should it fail, so does that one: an unbound session sees nothing. */
  sendAhead(statement: Statement): void {
    this.#ahead.push(statement)
  }

  async executeQuery<Row>({ sql, parameters }: Statement): Promise<QueryResult<Row>> {
    const result = await this.#send([{ sql, parameters }])
    return { rows: result.rows as Row[], numAffectedRows: BigInt(result.rowCount) }
  }

  /** Ends the transaction. What fails here has been rolled back by the database as a whole. */
  async commit(): Promise<void> {
    await this.#send([...this.atCommit.splice(0), { sql: 'commit', parameters: [] }])
  }

  async #send(statements: Statement[]): Promise<Rows> {
    const all = [...this.#ahead.splice(0), ...statements]
    const query = ({ sql, parameters }: Statement) => this.connection.query(sql, parameters)
    if (all.length === 1) return query(all[0]!)
    const results = await Promise.allSettled(this.connection.together(() => all.map(query)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) {
      this.connection.bound = ''
      throw failed.reason
    }
    return (results.at(-1) as PromiseFulfilledResult<Rows>).value
  }

  // biome-ignore lint/correctness/useYield: nothing here streams rows; callers page instead
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming rows is not supported: read in pages.')
  }
}

const bindText = `select set_config('role', $1, false), set_config('app.workspace_id', $2, false)`
const begin: Statement = { sql: 'begin', parameters: [] }

const createDriver = (pool: ConnectionPool, scope: Scope, committed: () => void): Driver => {
  const workspaceId = scope.role === 'parley_request' ? scope.workspaceId : ''
  const key = `${scope.role} ${workspaceId}`
  const bind: Statement = { sql: bindText, parameters: [scope.role, workspaceId] }

  return {
    init: async () => undefined,
    acquireConnection: async () => {
      const connection = await pool.acquire()
      const ahead = connection.bound === key ? [] : [bind]
      connection.bound = key
      return new ScopedConnection(connection, ahead)
    },
    beginTransaction: async (held) => {
      ;(held as ScopedConnection).sendAhead(begin)
    },
    commitTransaction: async (held) => {
      await (held as ScopedConnection).commit()
      committed()
    },
    rollbackTransaction: async (held) => {
      const scoped = held as ScopedConnection
      await scoped.executeQuery({ sql: 'rollback', parameters: [] }).catch(() => {
        scoped.broken = true
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
