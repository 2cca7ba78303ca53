import { sql } from 'kysely'
import type { Db } from './open.ts'
import { ScopedConnection, type Statement } from './scoped-dialect.ts'

/**
 * Runs `work` in one transaction, or inside the one `db` already is: an idempotent request opens it before its verb does,
 * so that the effect and the stored answer commit together. Nothing inside may touch the network.
 */
export const transaction = <Result>(db: Db, work: (tx: Db) => Promise<Result>): Promise<Result> =>
  db.isTransaction ? work(db) : db.transaction().execute(work)

const withConnection = (tx: Db, use: (connection: ScopedConnection) => void): Promise<void> =>
  tx.getExecutor().provideConnection(async (connection) => {
    if (!(connection instanceof ScopedConnection)) throw new Error('Not a connection of this database.')
    use(connection)
  })

/**
 * Writes with the commit of the transaction, in the same packet, what nothing in it reads again. Should the statement fail,
 * the commit fails with its error and nothing of the transaction stays.
 */
export const beforeCommit = (tx: Db, statement: Statement): Promise<void> => {
  if (!tx.isTransaction) throw new Error('Only a transaction can be given statements for its commit.')
  return withConnection(tx, ({ atCommit }) => {
    atCommit.push(statement)
  })
}

/** A point to return to: what was written after it is undone, and what was to be written at the commit is forgotten. */
export const savepoint = async (tx: Db, name: string): Promise<{ rollback: () => Promise<void> }> => {
  let kept = 0
  await withConnection(tx, ({ atCommit }) => {
    kept = atCommit.length
  })
  await sql`savepoint ${sql.id(name)}`.execute(tx)
  return {
    rollback: async () => {
      await withConnection(tx, ({ atCommit }) => {
        atCommit.length = kept
      })
      await sql`rollback to savepoint ${sql.id(name)}`.execute(tx)
    },
  }
}
