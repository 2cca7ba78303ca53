import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../test/database.ts'
import { plannedAnew } from './connection.ts'
import { transaction } from './transaction.ts'

const database = await openTestDatabase()
after(() => database.close())

test('a statement is kept prepared by its session, unless it asks to be planned anew', {
  skip: database.kind === 'embedded' && 'prepares nothing',
}, async () => {
  const kept = await transaction(database.system, async (tx) => {
    for (let times = 0; times < 2; times++) {
      await sql`select 1 as settled_plan`.execute(tx)
      await sql`select ${sql.raw(plannedAnew)} 1 as fresh_plan`.execute(tx)
    }
    const { rows } = await sql<{ statement: string }>`
      select statement from pg_prepared_statements where statement like 'select%\_plan'`.execute(tx)
    return rows.map(({ statement }) => statement)
  })
  assert.deepEqual(kept, ['select 1 as settled_plan'])
})
