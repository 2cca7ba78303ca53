import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../test/database.ts'
import { makeWorkspace } from '../../test/make.ts'
import { newId } from '../base/ids.ts'
import { enqueue } from './enqueue.ts'
import { type HeldLane, leaseLanes, releaseLanes, renewLanes } from './lanes.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system: db } = database

const onePostgres = { skip: database.kind === 'embedded' ? 'one connection: nobody waits for anybody' : false }

const add = (tx: typeof db, workspaceId: string, kind: string) =>
  enqueue(tx, [{ workspaceId, kind, key: workspaceId, id: newId(), dueAt: new Date(), payload: '{}' }])

const isWaiting = async (): Promise<boolean> => {
  const { rows } = await sql`select 1 from pg_locks
    where not granted and pid in (select pid from pg_stat_activity where datname = current_database())`.execute(db)
  return rows.length > 0
}

for (const [name, touch] of [
  ['renews', renewLanes],
  ['gives back', (tx: typeof db, lanes: readonly HeldLane[]) => releaseLanes(tx, lanes, new Date())],
] as const)
  test(
    `who adds work of two kinds for several workspaces and who ${name} their lanes never wait in a circle`,
    onePostgres,
    async () => {
      const first = await makeWorkspace(database)
      const second = await makeWorkspace(database)
      const kinds = [`a_${newId()}`, `b_${newId()}`] as const
      for (const workspaceId of [first, second]) for (const kind of kinds) await add(db, workspaceId, kind)
      const lanes = await leaseLanes(db, { kinds: [...kinds], owner: newId(), now: new Date(), limit: 10 })
      assert.equal(lanes.length, 4)
      let touching: Promise<unknown> = Promise.resolve()
      await db.transaction().execute(async (tx) => {
        await add(tx, second, kinds[0])
        touching = touch(db, lanes)
        while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 5))
        await add(tx, first, kinds[1])
      })
      await touching
    },
  )
