import assert from 'node:assert/strict'
import test, { after, afterEach } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openTestDatabase } from '../../test/database.ts'
import { makeWorkspace } from '../../test/make.ts'
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { DatabaseUnavailableError } from '../database/connection.ts'
import type { Db } from '../database/open.ts'
import { enqueue } from './enqueue.ts'
import {
  leaseLanes,
  pauseLane,
  readDueItems,
  releaseLanes,
  renewLanes,
  resumeLane,
  tuneCatchUp,
  tuneLane,
  wakeSleepers,
} from './lanes.ts'
import { settle } from './settle.ts'
import {
  type Again,
  defineWorkKind,
  type Finished,
  type LaneId,
  type LaneSettings,
  type Strain,
  type WorkItem,
  type WorkKind,
} from './work-kind.ts'
import { startWorker, type Worker } from './worker.ts'

const database = await openTestDatabase()
const { system: db } = database
after(() => database.close())

let kindNumber = 0
// Each test has a kind of its own, so that no worker takes another test's lanes.
const newKind = () => `kind_${++kindNumber}`

const makeLane = async (kind: string): Promise<LaneId> => ({
  workspaceId: await makeWorkspace(database),
  kind,
  key: newId(),
})

const add = (lane: LaneId, payloads: string[], dueAt = new Date()) =>
  enqueue(
    db,
    payloads.map((payload) => ({ ...lane, id: newId(), dueAt, payload })),
  )

const waiting = async (kind: string): Promise<{ payload: string; attempt: number; band: number; due_at: Date }[]> =>
  db
    .selectFrom('work_items')
    .select(['payload', 'attempt', 'band', 'due_at'])
    .where('kind', '=', kind)
    .orderBy('payload')
    .execute()

const laneRow = ({ workspaceId, kind, key }: LaneId) =>
  db
    .selectFrom('lanes')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()

const until = async (what: string, reached: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 4_000; tries++) {
    if (await reached()) return
    await sleep(5)
  }
  throw new Error(`never came to pass: ${what}`)
}

type Behaviour = {
  window?: number
  run?: (item: WorkItem, signal: AbortSignal, input: unknown) => Promise<unknown>
  settle?: (tx: Db, finished: Finished<unknown>[]) => Promise<Again[]>
  prepare?: (items: WorkItem[]) => (unknown | null)[]
  strainOf?: (result: unknown) => Strain
  freshMs?: number
}

const kindOf = (
  kind: string,
  {
    window = 4,
    run = async () => 'done',
    settle: settleWith = async () => [],
    prepare,
    strainOf,
    freshMs,
  }: Behaviour = {},
): WorkKind =>
  defineWorkKind({
    kind,
    window,
    prepare: async (_db, items) => (prepare ? prepare(items) : items.map((item) => item.payload)),
    run: (item, input, signal) => run(item, signal, input),
    settle: settleWith,
    ...(strainOf ? { strainOf } : {}),
    ...(freshMs ? { freshMs } : {}),
  })

const tune = (lane: LaneId, settings: Partial<LaneSettings>) =>
  tuneLane(db, lane, { maxRunning: null, perSecond: null, ordered: false, ...settings })

const running = new Set<Worker>()
// A test that fails must not leave a worker behind that keeps the process alive.
afterEach(async () => {
  await Promise.all([...running].map((worker) => worker.stop(0)))
  running.clear()
})

const start = (kinds: WorkKind[], limits = {}): Worker => {
  const worker = startWorker({ db, kinds, clock: systemClock, log: silentLog, pollMs: 5, limits })
  running.add(worker)
  return worker
}

test('work that commits with its cause is run once, and work that rolls back never', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const ran: string[] = []
  await db.transaction().execute((tx) => enqueue(tx, [{ ...lane, id: newId(), dueAt: new Date(), payload: 'kept' }]))
  await db
    .transaction()
    .execute(async (tx) => {
      await enqueue(tx, [{ ...lane, id: newId(), dueAt: new Date(), payload: 'undone' }])
      throw new Error('rolled back')
    })
    .catch(() => undefined)
  const worker = start([kindOf(kind, { run: async ({ payload }) => ran.push(payload) })])
  await until('the lane is empty', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.deepEqual(ran, ['kept'])
  const { next_due_at, lease_owner } = await laneRow(lane)
  assert.deepEqual({ next_due_at, lease_owner }, { next_due_at: null, lease_owner: null })
})

test('the same item enqueued twice runs once', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const item = { ...lane, id: newId(), dueAt: new Date(), payload: 'one' }
  await enqueue(db, [item])
  await enqueue(db, [{ ...item, payload: 'other' }])
  assert.deepEqual(
    (await waiting(kind)).map(({ payload }) => payload),
    ['one'],
  )
})

test('work that is not due waits, and the lane says when to look again', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const later = new Date(Date.now() + 3_600_000)
  await add(lane, ['now'])
  await add(lane, ['later'], later)
  const ran: string[] = []
  const worker = start([kindOf(kind, { run: async ({ payload }) => ran.push(payload) })])
  await until('the lane is given back', async () => ran.length === 1 && (await laneRow(lane)).lease_owner === null)
  await worker.stop()
  assert.deepEqual(ran, ['now'])
  assert.equal((await laneRow(lane)).next_due_at?.getTime(), later.getTime())
})

test('settle puts an item off with a higher attempt, and drops the one it does not return', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['again', 'done'])
  const dueAt = new Date(Date.now() + 60_000)
  const worker = start([
    kindOf(kind, {
      settle: async (_tx, finished) =>
        finished
          .filter(({ item }) => item.payload === 'again')
          .map(({ item }) => ({ id: item.id, dueAt, band: 1, payload: 'again, later' })),
    }),
  ])
  await until('both are settled', async () => (await waiting(kind)).every(({ attempt }) => attempt === 2))
  await worker.stop()
  assert.deepEqual(await waiting(kind), [{ payload: 'again, later', attempt: 2, band: 1, due_at: dueAt }])
})

test('an item whose code throws comes again later, and holds up nobody', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['bad', 'good 1', 'good 2'])
  const worker = start([
    kindOf(kind, {
      window: 1,
      run: async ({ payload }) => {
        if (payload === 'bad') throw new Error('stray')
        return payload
      },
    }),
  ])
  await until('the good ones are done', async () => (await waiting(kind)).length === 1)
  await worker.stop()
  const [left] = await waiting(kind)
  assert.deepEqual([left?.payload, left?.attempt, left?.band], ['bad', 2, 1])
  assert.ok(left!.due_at > new Date())
})

test('an item that cannot be prepared comes again alone, and one that makes no sense is dropped', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['bad', 'good', 'obsolete'])
  const ran: string[] = []
  const worker = start([
    kindOf(kind, {
      prepare: (items) => {
        if (items.some(({ payload }) => payload === 'bad')) throw new Error('cannot be read')
        return items.map(({ payload }) => (payload === 'obsolete' ? null : payload))
      },
      run: async ({ payload }) => ran.push(payload),
    }),
  ])
  await until('one is left', async () => (await waiting(kind)).length === 1)
  await worker.stop()
  assert.deepEqual(ran, ['good'])
  assert.deepEqual(
    (await waiting(kind)).map(({ payload, attempt }) => [payload, attempt]),
    [['bad', 2]],
  )
})

test('a batch that cannot be settled is settled one by one, each once', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['a', 'poison', 'b', 'throws'])
  const settled: string[] = []
  const worker = start([
    kindOf(kind, {
      window: 8,
      run: async ({ payload }) => {
        if (payload === 'throws') throw new Error('stray')
        return payload
      },
      settle: async (tx, finished) => {
        if (finished.some(({ item }) => item.payload === 'poison')) await sql`select 1 / 0`.execute(tx)
        settled.push(...finished.map(({ item }) => item.payload))
        return []
      },
    }),
  ])
  await until('two are put off', async () => (await waiting(kind)).length === 2)
  await worker.stop()
  assert.deepEqual(settled.sort(), ['a', 'b'])
  assert.deepEqual(
    (await waiting(kind)).map(({ payload, attempt }) => [payload, attempt]),
    [
      ['poison', 2],
      ['throws', 2],
    ],
  )
})

test('an outcome waits for a database that is away, and what has run does not run again', async () => {
  const kind = newKind()
  await add(await makeLane(kind), ['one', 'two'])
  const ran: string[] = []
  const written: string[] = []
  let refusals = 3
  const worker = start([
    kindOf(kind, {
      run: async ({ payload }) => ran.push(payload),
      settle: async (_tx, finished) => {
        if (refusals-- > 0) throw new DatabaseUnavailableError(new Error('away'))
        for (const { item } of finished) written.push(item.payload)
        return []
      },
    }),
  ])
  await until('both are settled', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.deepEqual(
    [ran.toSorted(), written.toSorted()],
    [
      ['one', 'two'],
      ['one', 'two'],
    ],
  )
})

test('a kind whose run returns nothing is settled all the same', async () => {
  const kind = newKind()
  await add(await makeLane(kind), ['quiet'])
  let settled = 0
  const worker = start([
    kindOf(kind, {
      run: async () => undefined,
      settle: async (_tx, finished) => {
        settled += finished.length
        return []
      },
    }),
  ])
  await until('it is done', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.equal(settled, 1)
})

test('a long lane does not keep a short one waiting, though they share every slot', async () => {
  const kind = newKind()
  const [long, short] = [await makeLane(kind), await makeLane(kind)]
  await add(
    long,
    Array.from({ length: 60 }, (_, i) => `long ${i}`),
  )
  await add(short, ['short'])
  const order: string[] = []
  const worker = start([kindOf(kind, { window: 8, run: async ({ payload }) => order.push(payload) })], { running: 2 })
  await until('all are done', () => order.length === 61)
  await worker.stop()
  assert.ok(order.indexOf('short') < 10, `the short lane came ${order.indexOf('short')}th`)
})

test('lanes that never run dry give their turn to others', async () => {
  const kind = newKind()
  const [endless, other] = [await makeLane(kind), await makeLane(kind)]
  await add(endless, ['more'], new Date(Date.now() - 60_000))
  let others = 0
  const worker = start(
    [
      kindOf(kind, {
        run: async ({ payload }) => {
          if (payload === 'other') others++
          await sleep(2)
        },
        settle: async (_tx, finished) =>
          finished
            .filter(({ item }) => item.payload === 'more')
            .map(({ item }) => ({ id: item.id, dueAt: new Date(Date.now() - 60_000), band: 0 })),
      }),
    ],
    { lanes: 1, holdMs: 20 },
  )
  await until('the endless lane is held', async () => (await laneRow(endless)).lease_owner !== null)
  await add(other, ['other'])
  await until('the other lane had its turn', () => others === 1)
  await worker.stop()
})

test('a paused lane collects work, and resuming it runs what it collected', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await pauseLane(db, lane)
  await add(lane, ['one', 'two'])
  const ran: string[] = []
  const worker = start([kindOf(kind, { run: async ({ payload }) => ran.push(payload) })])
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from lanes where kind = ${kind} and lease_owner is not null`.execute(db)
  assert.equal(rows[0]?.n, 0)
  assert.deepEqual(ran, [])
  await resumeLane(db, lane, new Date())
  worker.wake()
  await until('both ran', () => ran.length === 2)
  await worker.stop()
})

test('pausing takes the lane from whoever holds it', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['one'])
  const [held] = await leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit: 1 })
  assert.ok(held)
  assert.equal((await renewLanes(db, [held])).length, 1)
  await pauseLane(db, lane)
  assert.equal((await renewLanes(db, [held])).length, 0)
})

test('stop lets what runs finish, settles it, starts nothing more and gives the lanes back', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(
    lane,
    Array.from({ length: 20 }, (_, i) => `item ${i}`),
  )
  const started: string[] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const worker = start([
    kindOf(kind, {
      window: 2,
      run: async ({ payload }) => {
        started.push(payload)
        await gate
      },
    }),
  ])
  await until('the window is full', () => started.length === 2)
  const stopped = worker.stop()
  open()
  await stopped
  assert.equal(started.length, 2)
  assert.equal((await waiting(kind)).length, 18)
  assert.equal((await laneRow(lane)).lease_owner, null)
})

test('stop aborts what does not finish in time, and that work comes again', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['slow'])
  let aborted = false
  let started = false
  const worker = start([
    kindOf(kind, {
      run: async (_item, signal) => {
        started = true
        await sleep(60_000, undefined, { signal }).catch(() => {
          aborted = true
        })
        throw new Error('aborted')
      },
    }),
  ])
  await until('it runs', () => started)
  await worker.stop(0)
  assert.ok(aborted)
  assert.deepEqual(
    (await waiting(kind)).map(({ payload, attempt }) => [payload, attempt]),
    [['slow', 2]],
  )
})

const expireLease = ({ workspaceId, kind, key }: LaneId) =>
  sql`update lanes set lease_until = now() - interval '1 second' where workspace_id = ${workspaceId} and kind = ${kind} and key = ${key}`.execute(
    db,
  )

test('a lease that ran out is taken over, and whoever lost it changes nothing', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(lane, ['one'])
  const [first] = await leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit: 1 })
  const [item] = await readDueItems(db, [{ ...lane, ordered: false }], new Date(), 1)
  assert.equal((await leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit: 1 })).length, 0)
  await expireLease(lane)
  const [second] = await leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit: 1 })
  assert.ok(second!.epoch > first!.epoch)
  assert.equal((await renewLanes(db, [first!])).length, 0)

  const seen: boolean[] = []
  const watching = kindOf(kind, {
    settle: async (_tx, finished) => {
      seen.push(...finished.map(({ stale }) => stale))
      return []
    },
  })
  await settle(db, watching, [{ item: item!, result: 'late', epoch: first!.epoch }])
  assert.deepEqual(seen, [true])
  assert.equal((await waiting(kind)).length, 1)
  await releaseLanes(db, [first!], new Date())
  assert.notEqual((await laneRow(lane)).lease_owner, null)
  await settle(db, watching, [{ item: item!, result: 'in time', epoch: second!.epoch }])
  assert.deepEqual(seen, [true, false])
  assert.equal((await waiting(kind)).length, 0)
})

test('a worker that slept longer than its lease starts nothing that it had in hand', async (t) => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const ran: string[] = []
  let wakeUp: (() => void) | undefined
  const asleep = new Promise<void>((resolve) => {
    wakeUp = resolve
  })
  let prepared = false
  start([
    {
      ...kindOf(kind, { run: async ({ payload }) => ran.push(payload) }),
      prepare: async (_db, items) => {
        prepared = true
        await asleep
        return items
      },
    },
  ])
  await add(lane, ['1', '2', '3'])
  await until('it has work in hand', () => prepared)
  const [stolen] = await db
    .updateTable('lanes')
    .set({ epoch: 1_000, lease_owner: newId(), lease_until: new Date(Date.now() + 3_600_000) })
    .where('key', '=', lane.key)
    .returning('epoch')
    .execute()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_001 })
  wakeUp!()
  await sleep(50)
  t.mock.timers.reset()
  assert.equal(Number(stolen!.epoch), 1_000)
  assert.deepEqual(ran, [])
  assert.equal((await waiting(kind)).length, 3)
})

test('an abandoned worker loses nothing: another finishes every item', async () => {
  const kind = newKind()
  const lanes = await Promise.all(Array.from({ length: 5 }, () => makeLane(kind)))
  for (const lane of lanes)
    await add(
      lane,
      Array.from({ length: 10 }, (_, i) => `${lane.key} ${i}`),
    )
  // What a killed process leaves behind: held lanes, and items that were read and perhaps run, but never settled.
  const held = await leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit: 10 })
  assert.equal(held.length, 5)
  assert.ok((await readDueItems(db, held, new Date(), 64)).length === 50)
  const done = new Set<string>()
  const worker = start([
    kindOf(kind, {
      settle: async (_tx, finished) => {
        for (const { item, stale } of finished) if (!stale) done.add(item.payload)
        return []
      },
    }),
  ])
  for (const lane of held) await expireLease(lane)
  await until('everything is done', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.equal(done.size, 50)
})

test('work enqueued while its lane is being given back is never parked', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  let ran = 0
  const worker = start([kindOf(kind, { run: async () => ran++ })])
  // Each round the lane has just run dry, so releases and new work meet again and again.
  for (let round = 0; round < 100; round++) {
    await add(lane, [`round ${round}`])
    worker.wake()
    if (round % 3 === 0) await sleep(round % 7)
  }
  await until('all rounds ran', () => ran === 100)
  await worker.stop()
  assert.equal((await waiting(kind)).length, 0)
})

test('two workers share lanes and run every item once', async () => {
  const kind = newKind()
  const lanes = await Promise.all(Array.from({ length: 8 }, () => makeLane(kind)))
  for (const lane of lanes)
    await add(
      lane,
      Array.from({ length: 25 }, (_, i) => `${lane.key} ${i}`),
    )
  const runs = new Map<string, number>()
  const behaviour = { run: async ({ payload }: WorkItem) => runs.set(payload, (runs.get(payload) ?? 0) + 1) }
  const workers = [start([kindOf(kind, behaviour)]), start([kindOf(kind, behaviour)])]
  await until('all ran', async () => (await waiting(kind)).length === 0)
  await Promise.all(workers.map((worker) => worker.stop()))
  assert.equal(runs.size, 200)
  assert.ok([...runs.values()].every((n) => n === 1))
})

test('numbers of a lane have no gap and no repetition, whoever enqueues and whatever rolls back', async () => {
  const lane = await makeLane(newKind())
  const other = { ...lane, key: newId() }
  const item = (of: LaneId, numbered: boolean) => ({ ...of, id: newId(), dueAt: new Date(), payload: 'x', numbered })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      db
        .transaction()
        .execute(async (tx) => {
          await enqueue(tx, [item(lane, true), item(other, i % 2 === 0), item(lane, false), item(lane, true)])
          if (i % 5 === 0) throw new Error('rolled back')
        })
        .catch(() => undefined),
    ),
  )
  const numbersOf = async ({ key }: LaneId) =>
    (
      await db
        .selectFrom('work_items')
        .select('number')
        .where('key', '=', key)
        .where('number', 'is not', null)
        .orderBy('number')
        .execute()
    ).map(({ number }) => Number(number))
  const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)
  assert.deepEqual(await numbersOf(lane), upTo(32))
  assert.deepEqual(await numbersOf(other), upTo(8))
  assert.equal((await laneRow(lane)).numbered, 32)
})

test('an ordered lane goes one by one, and nothing overtakes an item that has to wait', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await tune(lane, { ordered: true })
  const names = Array.from({ length: 12 }, (_, i) => String(i + 1))
  await enqueue(
    db,
    names.map((payload) => ({ ...lane, id: newId(), dueAt: new Date(), payload, numbered: true })),
  )
  const ran: string[] = []
  let atOnce = 0
  let most = 0
  const failures = new Map([
    ['1', 2],
    ['7', 1],
  ])
  const failed = (item: WorkItem) => (failures.get(item.payload) ?? 0) >= item.attempt
  const worker = start([
    kindOf(kind, {
      run: async (item) => {
        most = Math.max(most, ++atOnce)
        await sleep(1)
        atOnce--
        ran.push(`${item.payload}.${item.attempt}`)
        return failed(item) ? 'failed' : 'done'
      },
      strainOf: (result) => (result === 'failed' ? 'strained' : 'none'),
      settle: async (_tx, finished) =>
        finished
          .filter(({ result }) => result === 'failed')
          .map(({ item }) => ({ id: item.id, dueAt: new Date(Date.now() + 40), band: 1 })),
    }),
  ])
  await until('the lane is empty', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.equal(most, 1)
  assert.deepEqual(ran, [
    '1.1',
    '1.2',
    '1.3',
    '2.1',
    '3.1',
    '4.1',
    '5.1',
    '6.1',
    '7.1',
    '7.2',
    ...names.slice(7).map((name) => `${name}.1`),
  ])
})

test('a lane goes no faster than it says, and others do not wait for it', async () => {
  const kind = newKind()
  const [paced, slowest, fast] = [await makeLane(kind), await makeLane(kind), await makeLane(kind)]
  await tune(paced, { perSecond: 50 })
  await tune(slowest, { perSecond: 1 })
  const many = (payload: string, count: number) => Array.from({ length: count }, () => payload)
  await add(paced, many('paced', 10))
  await add(slowest, many('slowest', 100))
  await add(fast, many('fast', 40))
  const at: number[] = []
  const ran: Record<string, number> = { paced: 0, slowest: 0, fast: 0 }
  const startedAt = performance.now()
  const worker = start([
    kindOf(kind, {
      run: async ({ payload }) => {
        ran[payload]!++
        if (payload === 'paced') at.push(performance.now() - startedAt)
      },
    }),
  ])
  await until('the others are through', () => ran.paced === 10 && ran.fast === 40)
  await worker.stop()
  // Fifty a second are twenty milliseconds each from the start on, by a clock of whole ones, however late a timer is.
  for (const [n, ms] of at.entries()) assert.ok(ms >= n * 19 - 2, `the ${n + 1}th after ${ms} ms`)
  assert.ok(ran.slowest! < 100)
})

test('a lane that runs dry between two items keeps its pace', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await tune(lane, { perSecond: 5 })
  let ran = 0
  start([kindOf(kind, { run: async () => ++ran })])
  const startedAt = performance.now()
  for (let n = 1; n <= 8; n++) {
    await add(lane, [String(n)])
    await sleep(40)
    // At most one at once, and one for every 200 ms since.
    assert.ok(ran <= 1 + (performance.now() - startedAt + 2) / 200, `${ran} ran`)
  }
  await until('all ran', () => ran === 8)
})

test('catching up is slow, and what is fresh does not wait behind it', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await tuneCatchUp(db, lane, 20)
  await enqueue(
    db,
    Array.from({ length: 200 }, () => ({ ...lane, id: newId(), band: 2, dueAt: new Date(), payload: 'old' })),
  )
  const ran: string[] = []
  const worker = start([kindOf(kind, { run: async ({ payload }) => ran.push(payload) })])
  await until('catching up has begun', () => ran.length > 0)
  await add(
    lane,
    Array.from({ length: 50 }, () => 'fresh'),
  )
  await until('the fresh ones ran', () => ran.filter((name) => name === 'fresh').length === 50)
  await worker.stop()
  assert.ok(ran.filter((name) => name === 'old').length < 150, `${ran.length} ran`)
})

test('a lane begins with one at a time, gains with success and loses half with trouble', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await add(
    lane,
    Array.from({ length: 60 }, (_, i) => String(i)),
  )
  let atOnce = 0
  const seen: number[] = []
  const worker = start([
    kindOf(kind, {
      window: 8,
      run: async () => {
        seen.push(++atOnce)
        await sleep(2)
        atOnce--
        return seen.length > 50 ? 'strained' : 'none'
      },
      strainOf: (result) => result as Strain,
    }),
  ])
  await until('the lane is empty', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.equal(seen[0], 1)
  assert.equal(Math.max(...seen), 8)
  assert.equal(seen.at(-1), 1)
})

test('a workspace with more lanes than the worker can hold leaves room for the others', async () => {
  const kind = newKind()
  const workspaceId = await makeWorkspace(database)
  for (let n = 0; n < 20; n++) await add({ workspaceId, kind, key: newId() }, ['big'])
  const end = Promise.withResolvers<void>()
  const ran: string[] = []
  const run = async ({ payload }: WorkItem) => {
    ran.push(payload)
    if (payload === 'big') await end.promise
  }
  const worker = start([kindOf(kind, { run })], { lanes: 4 })
  await until('it holds what it may', () => ran.length === 3)
  await add(await makeLane(kind), ['small'])
  worker.wake()
  await until('the other has its turn', () => ran.includes('small'))
  assert.equal(ran.filter((payload) => payload === 'big').length, 3)
  end.resolve()
  await until('all are done', async () => (await waiting(kind)).length === 0)
  await worker.stop()
})

/** Lanes whose items hang until told otherwise, and how many of them do; whatever else runs ends at once. */
const makeHanging = async (kind: string, workspaceId: string, count: number) => {
  for (let n = 0; n < count; n++) await add({ workspaceId, kind, key: newId() }, ['hangs', 'hangs'])
  const end = Promise.withResolvers<void>()
  const ran = { hanging: 0, ended: 0, others: 0 }
  const behaviour: Behaviour = {
    run: async ({ payload }) => {
      if (payload !== 'hangs') return ran.others++
      ran.hanging++
      await end.promise
      return ran.ended++
    },
    strainOf: () => 'none',
  }
  return { ran, end: end.resolve, kind: kindOf(kind, behaviour) }
}

const fifty = Array.from({ length: 50 }, () => 'quick')

test('lanes that keep the worker waiting take no place from one that moves, not even in their workspace', async () => {
  const kind = newKind()
  const workspaceId = await makeWorkspace(database)
  const { ran, end, kind: work } = await makeHanging(kind, workspaceId, 12)
  const worker = start([work], { lanes: 4, running: 4, slow: 32, slowMs: 20 })
  await until('all of them hang', () => ran.hanging === 12)
  await add({ workspaceId, kind, key: newId() }, fifty)
  worker.wake()
  await until('the one that moves is through', () => ran.others === 50)
  assert.deepEqual([ran.hanging, ran.ended], [12, 0])
  end()
  await until('all are done', async () => (await waiting(kind)).length === 0)
})

test('however many keep the worker waiting, it holds no more than it may, and another workspace finds a place', async () => {
  const kind = newKind()
  const { ran, end, kind: work } = await makeHanging(kind, await makeWorkspace(database), 30)
  const worker = start([work], { lanes: 4, running: 4, slow: 8, slowMs: 20 })
  await until('it holds what it may', () => ran.hanging === 9)
  await add(await makeLane(kind), fifty)
  worker.wake()
  await until('the other is through', () => ran.others === 50)
  // Three of four, and six of eight.
  assert.deepEqual([ran.hanging, ran.ended], [9, 0])
  end()
  await until('all are done', async () => (await waiting(kind)).length === 0)
})

test('workspaces are leased in turns, those with the fewest lanes held first', async () => {
  const kind = newKind()
  const [big, small] = [await makeWorkspace(database), await makeWorkspace(database)]
  for (const due of [1, 2, 3, 4]) await add({ workspaceId: big, kind, key: newId() }, ['x'], new Date(due))
  await add({ workspaceId: small, kind, key: newId() }, ['x'])
  const lease = (limit: number, holding: [string, number][], ratio = 3) =>
    leaseLanes(db, { kinds: [kind], owner: newId(), now: new Date(), limit, ratio, holding: new Map(holding) })
  const first = await lease(2, [])
  assert.deepEqual(new Set(first.map(({ workspaceId }) => workspaceId)), new Set([big, small]))
  assert.equal((await lease(1, [[big, 3]])).length, 0)
  // It had one: of the four that are free it gets one, of the three then another, and has as many as it may.
  assert.equal((await lease(4, [[big, 1]], 1)).length, 2)
})

test('what was prepared ahead runs without another read, unless it was doubted', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const total = 400
  await add(
    lane,
    Array.from({ length: total }, (_, i) => String(i).padStart(3, '0')),
  )
  let version = 1
  const ran: { given: unknown; wanted: number }[] = []
  let prepares = 0
  const worker = start([
    kindOf(kind, {
      window: 2,
      freshMs: 60_000,
      prepare: (items) => {
        prepares++
        return items.map(() => version)
      },
      run: async (_item, _signal, input) => {
        ran.push({ given: input, wanted: version })
        await sleep(1)
        if (ran.length !== 200) return
        version = 2
        worker.doubt()
      },
    }),
  ])
  await until('the lane is empty', async () => (await waiting(kind)).length === 0)
  await worker.stop()
  assert.equal(ran.length, total)
  assert.ok(ran.every(({ given, wanted }) => given === wanted))
  assert.equal(ran.at(-1)!.given, 2)
  assert.ok(prepares < total / 2, `${prepares} reads for ${total} items`)
})

test('an ordered lane goes on after an item failed while those behind it were being read', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  await tune(lane, { ordered: true })
  const put = (payload: string) => enqueue(db, [{ ...lane, id: newId(), dueAt: new Date(), payload, numbered: true }])
  const ran: string[] = []
  let fail: (() => void) | undefined
  let reads = 0
  // Lets the first item fail once the worker has begun to read on.
  const watched = db.withPlugin({
    transformQuery: ({ node }) => {
      if (fail && JSON.stringify(node).includes('order by i.number')) {
        reads++
        fail()
      }
      return node
    },
    transformResult: async ({ result }) => {
      await sleep(20)
      return result
    },
  })
  await put('1')
  const worker = startWorker({
    db: watched,
    kinds: [
      kindOf(kind, {
        run: async ({ payload, attempt }) => {
          ran.push(`${payload}.${attempt}`)
          if (ran.length > 1) return 'done'
          await put('2')
          await new Promise<void>((resolve) => {
            fail = resolve
            worker.wake()
          })
          fail = undefined
          return 'failed'
        },
        strainOf: (result) => (result === 'failed' ? 'strained' : 'none'),
        settle: async (_tx, finished) =>
          finished
            .filter(({ result }) => result === 'failed')
            .map(({ item }) => ({ id: item.id, dueAt: new Date(), band: 1 })),
      }),
    ],
    clock: systemClock,
    log: silentLog,
    pollMs: 5,
    // A slow lane is not read while its item runs, and on a busy machine this one may be slow.
    limits: { slowMs: 600_000 },
  })
  running.add(worker)
  await until('the lane is empty', async () => (await waiting(kind)).length === 0)
  assert.equal(reads, 1)
  assert.deepEqual(ran, ['1.1', '1.2', '2.1'])
})

test('a place that becomes free goes to the next lane at once, not at the next poll', async () => {
  const kind = newKind()
  const workspaceId = await makeWorkspace(database)
  for (let n = 0; n < 12; n++) await add({ workspaceId, kind, key: newId() }, ['x'])
  const worker = startWorker({
    db,
    kinds: [kindOf(kind)],
    clock: systemClock,
    log: silentLog,
    pollMs: 600_000,
    limits: { lanes: 4 },
  })
  running.add(worker)
  await until('all are done', async () => (await waiting(kind)).length === 0)
})

test('items without a number come last in an ordered lane, by their ids', async () => {
  const lane = await makeLane(newKind())
  const [first, second, third] = [newId(), newId(), newId()]
  for (const [id, numbered] of [
    [third, false],
    [second, false],
    [first, true],
  ] as const)
    await enqueue(db, [{ ...lane, id, dueAt: new Date(), payload: '', numbered }])
  const items = await readDueItems(db, [{ ...lane, ordered: true }], new Date(), 10)
  assert.deepEqual(
    items.map(({ id }) => id),
    [first, second, third],
  )
})

test('a lane that sleeps with due work is woken, and none that is paused, held or has nothing due', async () => {
  const kind = newKind()
  const [asleep, paused, held, later] = [
    await makeLane(kind),
    await makeLane(kind),
    await makeLane(kind),
    await makeLane(kind),
  ]
  for (const lane of [asleep, paused, held]) await add(lane, ['1'])
  await add(later, ['1'], new Date(Date.now() + 3_600_000))
  await pauseLane(db, paused)
  await db.updateTable('lanes').set({ next_due_at: null }).where('kind', '=', kind).execute()
  await db
    .updateTable('lanes')
    .set({ lease_until: new Date(Date.now() + 3_600_000) })
    .where('key', '=', held.key)
    .execute()
  await wakeSleepers(db, new Date())
  const awake = await db
    .selectFrom('lanes')
    .select('key')
    .where('kind', '=', kind)
    .where('next_due_at', 'is not', null)
    .execute()
  assert.deepEqual(awake, [{ key: asleep.key }])
})

test('whoever had a lane that was deleted changes nothing in one that was made anew', async () => {
  const kind = newKind()
  const lane = await makeLane(kind)
  const again = async () => {
    await add(lane, ['1'])
    const lease = { kinds: [kind], owner: newId(), now: new Date(), limit: 1 }
    return {
      held: (await leaseLanes(db, lease))[0]!,
      item: (await readDueItems(db, [{ ...lane, ordered: false }], new Date(), 1))[0]!,
    }
  }
  const before = await again()
  await db.deleteFrom('lanes').where('key', '=', lane.key).execute()
  await sleep(2)
  const after = await again()
  const stale: boolean[] = []
  const judge = kindOf(kind, {
    settle: async (_tx, finished) => {
      for (const one of finished) stale.push(one.stale)
      return []
    },
  })
  await settle(db, judge, [{ item: before.item, result: 'done', epoch: before.held.epoch }])
  await settle(db, judge, [{ item: after.item, result: 'done', epoch: after.held.epoch }])
  assert.deepEqual(stale, [true, false])
})
