import { sql } from 'kysely'
import type { Db } from './open.ts'
import { beforeCommit } from './transaction.ts'

const become = async (tx: Db, role: 'parley_worker' | 'parley_request'): Promise<void> => {
  await sql`select set_config('role', ${role}, true)`.execute(tx)
  await beforeCommit(tx, { sql: `select set_config('role', $1, true)`, parameters: [role] })
}

/**
 * Lets `work` reach every workspace inside the transaction of one request, together with what it leaves for the commit.
 * Only for what an agency does to its clients' workspaces, and to count with the agency what they do: whoever calls it names
 * the workspace in every statement. When `work` throws, the transaction, or the savepoint before it, has to be rolled back.
 */
export const acrossWorkspaces = async <Result>(tx: Db, work: () => Promise<Result>): Promise<Result> => {
  await become(tx, 'parley_worker')
  const result = await work()
  await become(tx, 'parley_request')
  return result
}
