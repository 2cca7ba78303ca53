import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../test/database.ts'
import { makeWorkspace } from '../../test/make.ts'
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import { DatabaseUnavailableError } from '../database/connection.ts'
import { enqueue } from './enqueue.ts'
import { takeItem } from './held-lane.ts'
import { createHeldLanes } from './held-lanes.ts'
import { createLeases } from './leases.ts'
import { usualLimits } from './limits.ts'
import { createReadAhead } from './read-ahead.ts'
import type { LaneId, WorkKind } from './work-kind.ts'

const database = await openTestDatabase()
const { system: db } = database
after(() => database.close())

// Each test has a kind of its own, so that none leases another's lane.
const newKind = (): WorkKind => ({
  kind: `kind_${newId()}`,
  window: 8,
  prepare: async (_db, items) => items,
  run: async () => undefined,
  settle: async () => [],
})

/** The database, and whether its statements fail as they do while it is away. */
const openLeaving = () => {
  const state = { isAway: false }
  const leaving = db.withPlugin({
    transformQuery: ({ node }) => {
      if (state.isAway) throw new DatabaseUnavailableError(new Error('away'))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  return { state, leaving }
}

const openLease = async (from = db) => {
  const [workspaceId, kind] = [await makeWorkspace(database), newKind()]
  const id = { workspaceId, kind: kind.kind, key: newId() }
  await enqueue(db, [{ ...id, id: newId(), dueAt: new Date(), payload: '' }])
  const held = createHeldLanes(usualLimits)
  const leases = createLeases(held, { db: from, clock: systemClock, kinds: [kind] })
  await leases.lease()
  assert.equal(held.byName.size, 1)
  const [lane] = held.byName.values()
  return { held, leases, lane: lane! }
}

const lapse = ({ key }: LaneId) =>
  sql`update lanes set lease_until = now() - interval '1 second' where key = ${key}`.execute(db)

test('a lane whose lease ran out takes one place when its worker leases it again', async () => {
  const { held, leases, lane } = await openLease()
  await createReadAhead(held, { db, clock: systemClock }).refill()
  assert.ok(takeItem(lane, Date.now(), 1))
  await lapse(lane)
  await leases.lease()
  const [again] = held.byName.values()
  assert.deepEqual([held.byName.size, again?.epoch], [1, lane.epoch + 1])
  assert.equal(held.quick.lanes.taken, 1)
  assert.deepEqual([lane.abort.signal.aborted, again?.abort.signal.aborted], [true, false])
  await leases.releaseAll()
})

test('after a renewal that failed lanes are renewed before any is leased', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { state, leaving } = openLeaving()
  const { held, leases, lane } = await openLease(leaving)
  t.mock.timers.tick(3_000)
  state.isAway = true
  await assert.rejects(leases.renew(), DatabaseUnavailableError)
  state.isAway = false
  await lapse(lane)
  await leases.renew()
  await leases.lease()
  assert.deepEqual([...held.byName.values()], [lane])
  assert.equal(lane.abort.signal.aborted, false)
  await leases.releaseAll()
})
