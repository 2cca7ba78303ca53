import type { Db } from './open.ts'

/**
 * Runs `work` in one transaction, or inside the one `db` already is: an idempotent request opens it before its verb does,
 * so that the effect and the stored answer commit together. Nothing inside may touch the network.
 */
export const transaction = <Result>(db: Db, work: (tx: Db) => Promise<Result>): Promise<Result> =>
  db.isTransaction ? work(db) : db.transaction().execute(work)
