import { sql } from 'kysely'
import type { Db } from './open.ts'
import { partitioned } from './partitions.ts'

const dayMs = 86_400_000
const batchSize = 1_000

/** Deletes a day of one workspace from every daily table, a small batch at a time. */
export const deleteDay = async (system: Db, workspaceId: string, day: string): Promise<void> => {
  for (const { table, time, id } of partitioned) {
    const [name, at, key] = [sql.table(table), sql.ref(time), sql.ref(id)]
    const within = sql`workspace_id = ${workspaceId} and ${at} >= ${new Date(day)} and ${at} < ${new Date(Date.parse(day) + dayMs)}`
    for (let deleted = batchSize; deleted >= batchSize; ) {
      const { numAffectedRows } = await sql`
        delete from ${name} where ${within} and ${key} = any(array(select ${key} from ${name} where ${within} limit ${batchSize}))`.execute(
        system,
      )
      deleted = Number(numAffectedRows ?? 0n)
    }
  }
}
