import type { Clock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { feel, holdLane, type Lane, nameOf, putBack, retune, type Waiting, wantedAhead } from './held-lane.ts'
import { leaseLanes, leaseMs, readDueItems, releaseLanes, renewLanes } from './lanes.ts'
import { startLoop } from './loop.ts'
import { type Outcome, settleOutcomes } from './settle-outcomes.ts'
import { takeToken, waitOf } from './token-bucket.ts'
import type { WorkItem, WorkKind } from './work-kind.ts'

type WorkerOptions = {
  db: Db
  kinds: readonly WorkKind[]
  clock: Clock
  log: Log
  pollMs?: number
  limits?: Partial<Limits>
}

type Limits = {
  /** How many lanes this worker holds at once. */
  lanes: number
  /** How many items it runs at once, over all lanes. */
  running: number
  /** What one workspace may have of either: the rest is for those that come meanwhile. */
  workspaceShare: number
  /** How long it holds a lane while it holds as many as it may, before others have their turn. */
  holdMs: number
  /** What catching up may take of a lane's window, and how many a second, where the lane says nothing else. */
  catchUpShare: number
  catchUpPerSecond: number
}

export type Worker = {
  /** There may be new work: look now instead of at the next poll. */
  wake(): void
  /** What items were prepared from may have changed: nothing that was prepared before this runs. */
  doubt(): void
  /** Takes no more work, lets what runs finish for up to `graceMs`, settles it and gives the lanes back. */
  stop(graceMs?: number): Promise<void>
}

const usualLimits: Limits = {
  lanes: 256,
  running: 512,
  workspaceShare: 0.75,
  holdMs: 1_000,
  catchUpShare: 0.3,
  catchUpPerSecond: 20,
}
// What is read ahead of a lane. All lanes share a budget, so that a thousand long ones are no thousand long lists.
const readAtLeast = 64
const readAtMost = 256
const readBudget = 4_096
const renewEveryMs = 2_500
// Nobody waits for it but the database, which is asked seven things each time.
const settleAfterMs = 20
const settleFrom = 400
const settleAtMost = 1_000
// What a worker that dies has done in vain: when the database is slower than the endpoints, these wait for it.
const unsettledAtMost = 1_024

/** Runs background work: leases lanes, keeps each lane's window full, settles outcomes in batches. */
export const startWorker = ({ db, kinds, clock, log, pollMs = 250, limits }: WorkerOptions): Worker => {
  const { lanes: maxLanes, running: maxRunning, workspaceShare, ...rest } = { ...usualLimits, ...limits }
  const { holdMs, catchUpShare, catchUpPerSecond } = rest
  const maxLanesEach = Math.ceil(maxLanes * workspaceShare)
  const maxRunningEach = Math.ceil(maxRunning * workspaceShare)
  const runningOf = new Map<string, number>()
  const owner = newId()
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const lanes = new Map<string, Lane>()
  const finished: Outcome[] = []
  let running = 0
  let unsettled = 0
  let doubts = 0
  let looking = true
  let lookedAt = 0
  let renewedAt = Date.now()
  let stopping = false
  let settling: Promise<void> | undefined
  let paceTimer: NodeJS.Timeout | undefined
  let turnComes = false

  const drop = (lane: Lane) => {
    lane.abort.abort()
    lanes.delete(nameOf(lane))
    putBack(lane)
  }

  const renew = async () => {
    if (Date.now() - renewedAt < renewEveryMs) return
    renewedAt = Date.now()
    const leasedUntil = renewedAt + leaseMs
    const kept = new Map((await renewLanes(db, [...lanes.values()])).map((lane) => [nameOf(lane), lane]))
    for (const lane of [...lanes.values()]) {
      const now = kept.get(nameOf(lane))
      if (!now) {
        drop(lane)
        continue
      }
      lane.leasedUntil = leasedUntil
      retune(lane, now, catchUpPerSecond)
    }
  }

  const lanesHeld = (): Map<string, number> => {
    const held = new Map<string, number>()
    for (const { workspaceId } of lanes.values()) held.set(workspaceId, (held.get(workspaceId) ?? 0) + 1)
    return held
  }

  const lease = async () => {
    if (stopping || lanes.size >= maxLanes || running >= maxRunning) return
    const holding = lanesHeld()
    const limit = maxLanes - lanes.size
    const leasedAt = Date.now()
    const leased = await leaseLanes(db, {
      kinds: [...byKind.keys()],
      owner,
      now: clock.now(),
      limit,
      perWorkspace: maxLanesEach,
      holding,
    })
    for (const lane of leased)
      lanes.set(nameOf(lane), holdLane(lane, byKind.get(lane.kind)!, { leasedAt, leaseMs, catchUpPerSecond }))
  }

  // Lanes that never run dry would keep the rest waiting for ever.
  const share = () => {
    if (lanes.size < maxLanes) return
    for (const lane of lanes.values()) {
      if (lane.yielding || Date.now() - lane.heldSince < holdMs) continue
      lane.yielding = true
      putBack(lane)
    }
  }

  // Work is looked for when somebody said that there is some, and at every poll; in between a lane that was read to its
  // end is read again only once all of it is settled, to know that it can be given back.
  const isHungry = (lane: Lane, look: boolean): boolean => {
    if (lane.yielding || lane.blocked || lane.waiting.length >= Math.max(lane.room, lane.ahead)) return false
    return look || !lane.dry || (lane.taken.size === 0 && !lane.empty)
  }

  const refill = async (look: boolean) => {
    for (const lane of lanes.values()) {
      for (const id of lane.settled.splice(0)) lane.taken.delete(id)
      if (lane.taken.size === 0) lane.blocked = false
    }
    const hungry = [...lanes.values()].filter((lane) => isHungry(lane, look))
    if (stopping || hungry.length === 0) return
    const wanted = Math.min(readAtMost, Math.max(readAtLeast, Math.floor(readBudget / hungry.length)))
    // What is taken and not yet settled is found again, and must not stand in front of what is new.
    const limit = wanted + Math.max(...hungry.map(({ taken }) => taken.size))
    const items = await readDueItems(db, hungry, clock.now(), limit)
    if (stopping) return
    const found = new Map<Lane, number>()
    for (const lane of hungry) lane.empty = true
    for (const item of items) {
      const lane = lanes.get(nameOf(item))
      // Blocked while this was read: what is behind the one that blocks it is read again after it.
      if (!lane || lane.blocked) continue
      found.set(lane, (found.get(lane) ?? 0) + 1)
      if (lane.taken.has(item.id)) continue
      lane.taken.add(item.id)
      const line = item.band < 2 || lane.ordered ? lane.waiting : lane.catchUp
      line.push({ item, input: undefined, preparedAt: 0, doubts: 0 })
      lane.empty = false
    }
    for (const lane of hungry) lane.dry = (found.get(lane) ?? 0) < limit
  }

  const mayCatchUp = (lane: Lane, now: number): boolean =>
    lane.catchingUp < Math.max(1, Math.floor(lane.room * catchUpShare)) && waitOf(lane.catchUpPace, now) === 0

  /** The next item that may run now. */
  const takeItem = (lane: Lane, now: number): Waiting | undefined => {
    if (lane.blocked || lane.running >= lane.room || waitOf(lane.pace, now) > 0) return undefined
    if (now >= lane.leasedUntil) return undefined
    if ((runningOf.get(lane.workspaceId) ?? 0) >= maxRunningEach) return undefined
    const next = lane.waiting.shift() ?? (mayCatchUp(lane, now) ? lane.catchUp.shift() : undefined)
    if (!next) return undefined
    takeToken(lane.pace, now)
    running++
    runningOf.set(lane.workspaceId, (runningOf.get(lane.workspaceId) ?? 0) + 1)
    lane.running++
    lane.started++
    if (lane.ready > 0) lane.ready--
    if (next.item.band < 2) return next
    takeToken(lane.catchUpPace, now)
    lane.catchingUp++
    return next
  }

  const isReady = (lane: Lane, next: Waiting | undefined, now: number): boolean =>
    next?.input !== undefined &&
    next.doubts === doubts + lane.doubts &&
    now - next.preparedAt <= (lane.kindOf.freshMs ?? 0)

  const leave = (lane: Lane, item: WorkItem) => {
    running--
    const others = runningOf.get(lane.workspaceId)! - 1
    if (others > 0) runningOf.set(lane.workspaceId, others)
    else runningOf.delete(lane.workspaceId)
    lane.running--
    if (item.band >= 2) lane.catchingUp--
  }

  // What only its pace holds back is looked at again when the pace allows, not at the next poll.
  const wakeForPace = () => {
    const now = Date.now()
    let soonest = Infinity
    for (const lane of lanes.values()) {
      if (lane.running >= lane.room || lane.blocked) continue
      const pace = waitOf(lane.pace, now)
      if (lane.waiting.length > 0 && pace > 0) soonest = Math.min(soonest, pace)
      if (lane.catchUp.length > 0)
        soonest = Math.min(soonest, Math.max(pace, waitOf(lane.catchUpPace, now)) || Infinity)
    }
    clearTimeout(paceTimer)
    if (soonest < pollMs) paceTimer = setTimeout(() => loop.wake(), soonest)
  }

  const finish = (outcome: Outcome) => {
    finished.push(outcome)
    unsettled++
    if (finished.length >= settleFrom) flush()
    else if (finished.length === 1) setTimeout(flush, settleAfterMs)
  }

  const runOne = async (lane: Lane, item: WorkItem, input: unknown) => {
    try {
      const result = await lane.kindOf.run(item, input, lane.abort.signal)
      const strain = lane.kindOf.strainOf?.(result) ?? 'none'
      feel(lane, strain)
      finish({ lane, item, end: 'ran', result, isDoubtful: strain !== 'none' })
    } catch (error) {
      log.error({ err: error, kind: item.kind, item: item.id }, 'background work threw')
      feel(lane, 'unknown')
      finish({ lane, item, end: 'threw' })
    } finally {
      leave(lane, item)
      proceed(lane)
    }
  }

  const hasPlace = (): boolean => running < maxRunning && unsettled < unsettledAtMost

  // What was prepared ahead runs at once; where lanes wait for a place, whose turn it is is decided once a tick.
  const proceed = (lane: Lane) => {
    if (running < maxRunning - 1 && (runningOf.get(lane.workspaceId) ?? 0) < maxRunningEach - 1) runReady(lane)
    else if (!turnComes) {
      turnComes = true
      setImmediate(takeTurns)
    }
    if (lane.ready * 2 <= lane.ahead || (lane.waiting.length > 0 && lane.running < lane.room)) loop.wake()
  }

  const runReady = (lane: Lane) => {
    const now = Date.now()
    while (hasPlace() && lane.ready > 0 && isReady(lane, lane.waiting[0], now)) {
      const next = takeItem(lane, now)
      if (!next) return
      void runOne(lane, next.item, next.input)
    }
  }

  const takeTurns = () => {
    turnComes = false
    for (const lane of inTurn()) if (lane.ready > 0) runReady(lane)
  }

  // A lane that has its turn stands behind the others for the next.
  function* inTurn(): Generator<Lane> {
    for (const lane of [...lanes.values()]) {
      if (!hasPlace()) return
      if (lane.waiting.length + lane.catchUp.length === 0 || lane.running >= lane.room) continue
      lanes.delete(nameOf(lane))
      lanes.set(nameOf(lane), lane)
      yield lane
    }
  }

  const startKind = async (kind: WorkKind, batch: { lane: Lane; item: WorkItem }[]): Promise<void> => {
    const inputs = await kind
      .prepare(
        db,
        batch.map(({ item }) => item),
      )
      .catch((error) => {
        log.error({ err: error, kind: kind.kind, items: batch.length }, 'background work could not be prepared')
        return undefined
      })
    // One item that cannot be prepared must not hold up the others.
    if (!inputs && batch.length > 1) {
      for (const one of batch) await startKind(kind, [one])
      return
    }
    for (const [i, { lane, item }] of batch.entries()) {
      const input = inputs?.[i]
      if (Date.now() >= lane.leasedUntil) {
        leave(lane, item)
        lane.taken.delete(item.id)
        putBack(lane)
        continue
      }
      if (input !== null && input !== undefined) {
        void runOne(lane, item, input)
        continue
      }
      leave(lane, item)
      if (!inputs) feel(lane, 'unknown')
      finish({ lane, item, end: inputs ? 'obsolete' : 'threw' })
    }
  }

  // Round robin over lanes: a lane with a long queue gets its window and no more, and then stands behind the others.
  const launch = async () => {
    const batches = new Map<WorkKind, { lane: Lane; item: WorkItem }[]>()
    for (const lane of inTurn())
      while (hasPlace()) {
        const now = Date.now()
        const next = takeItem(lane, now)
        if (!next) break
        const { item } = next
        if (isReady(lane, next, now)) void runOne(lane, item, next.input)
        else if (batches.has(lane.kindOf)) batches.get(lane.kindOf)!.push({ lane, item })
        else batches.set(lane.kindOf, [{ lane, item }])
      }
    wakeForPace()
    await Promise.all([...batches].map(([kind, batch]) => startKind(kind, batch)))
  }

  // Only what runs next, and only of lanes that move: on a slow one it would be too old by the time it is used.
  const prepareAhead = async () => {
    const now = Date.now()
    const batches = new Map<WorkKind, { next: Waiting; doubts: number }[]>()
    for (const lane of lanes.values()) {
      if (lane.kindOf.freshMs === undefined) continue
      if (lane.ready * 2 > lane.ahead && isReady(lane, lane.waiting[0], now)) continue
      const wanted = lane.waiting.slice(0, wantedAhead(lane, now))
      lane.ready = wanted.length
      const stale = wanted
        .filter((next) => !isReady(lane, next, now))
        .map((next) => ({ next, doubts: doubts + lane.doubts }))
      batches.set(lane.kindOf, (batches.get(lane.kindOf) ?? []).concat(stale))
    }
    for (const [kind, batch] of batches) {
      if (batch.length === 0) continue
      const items = batch.map(({ next }) => next.item)
      const inputs = await kind.prepare(db, items).catch(() => [])
      // Null and what failed stay as they were: they are prepared again when their turn comes, and judged then.
      for (const [i, input] of inputs.entries())
        if (input !== null) Object.assign(batch[i]!.next, { input, preparedAt: now, doubts: batch[i]!.doubts })
    }
  }

  const release = async () => {
    const now = Date.now()
    // Whoever leases it next knows nothing of its pace: a lane that is given back before the pace allows more has none.
    const isDone = (lane: Lane) => lane.empty && waitOf(lane.pace, now) === 0 && waitOf(lane.catchUpPace, now) === 0
    const idle = [...lanes.values()].filter(
      (lane) => lane.taken.size === 0 && (isDone(lane) || lane.yielding || stopping),
    )
    if (idle.length === 0) return
    // Forgotten only once the database knows: else a failure here would leave them to nobody until the lease runs out.
    await releaseLanes(db, idle, clock.now())
    const isCrowded = lanes.size >= maxLanes || Math.max(...lanesHeld().values()) >= maxLanesEach
    for (const lane of idle) lanes.delete(nameOf(lane))
    // Others may be waiting for just these places.
    if (isCrowded) wake()
  }

  const settleAll = async () => {
    while (finished.length > 0) {
      const outcomes = finished.splice(0, settleAtMost)
      await settleOutcomes({ db, clock, log }, outcomes)
      unsettled -= outcomes.length
      for (const { lane, item, isDoubtful } of outcomes) {
        lane.settled.push(item.id)
        if (isDoubtful) lane.doubts++
      }
      for (const lane of new Set(outcomes.map((outcome) => outcome.lane))) lane.empty = false
    }
  }

  function flush(): void {
    settling ??= settleAll().finally(() => {
      settling = undefined
      takeTurns()
      loop.wake()
      if (finished.length > 0) flush()
    })
  }

  const loop = startLoop({
    pollMs,
    gatherMs: () => 1,
    onError: (error) => log.error({ err: error }, 'the worker stumbled and goes on'),
    step: async () => {
      const look = looking || Date.now() - lookedAt >= pollMs
      if (look) lookedAt = Date.now()
      looking = false
      await renew()
      share()
      if (look) await lease()
      await refill(look)
      await launch()
      await prepareAhead()
      await release()
      return false
    },
  })

  const drained = async (deadline: number) => {
    while ((running > 0 || finished.length > 0 || settling) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }

  function wake(): void {
    looking = true
    loop.wake()
  }

  return {
    wake,
    doubt: () => {
      doubts++
    },
    stop: async (graceMs = 20_000) => {
      stopping = true
      clearTimeout(paceTimer)
      for (const lane of lanes.values()) putBack(lane)
      await drained(Date.now() + graceMs)
      for (const lane of lanes.values()) lane.abort.abort()
      await drained(Date.now() + 1_000)
      await loop.stop()
      await releaseLanes(db, [...lanes.values()], clock.now()).catch((error) =>
        log.error({ err: error }, 'lanes could not be given back'),
      )
    },
  }
}
