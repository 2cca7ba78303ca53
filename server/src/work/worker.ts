import type { Clock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import {
  feel,
  type Ground,
  holdLane,
  type Lane,
  mayMoveTo,
  moveTo,
  nameOf,
  putBack,
  retune,
  type Waiting,
  wantedAhead,
} from './held-lane.ts'
import { leaseLanes, leaseMs, readDueItems, releaseLanes, renewLanes } from './lanes.ts'
import { startLoop } from './loop.ts'
import { createPlaces, freeOf, giveBack, isCrowded, mayTake, take } from './places.ts'
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
  /** How many lanes this worker holds at once, those that keep it waiting not counted. */
  lanes: number
  /** How many items it runs at once, over all these lanes. */
  running: number
  /** How many lanes may keep it waiting beside them, and with how many items: their endpoints answer late or never. */
  slow: number
  /** From how many milliseconds without an outcome a lane is one of those. */
  slowMs: number
  /** What one workspace may have of each while it is alone: the rest is for those that come meanwhile. */
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
  slow: 1_024,
  slowMs: 1_000,
  workspaceShare: 0.75,
  holdMs: 1_000,
  catchUpShare: 0.3,
  catchUpPerSecond: 20,
}
// What is read ahead of a lane. All lanes share a budget, so that a thousand long ones are no thousand long lists.
const readAtLeast = 64
const readAtMost = 256
const readBudget = 4_096
const readOfSlow = 8
const slowAtATime = 32
const renewEveryMs = 2_500
// Nobody waits for it but the database, which is asked seven things each time.
const settleAfterMs = 20
const settleFrom = 400
const settleAtMost = 1_000
// What a worker that dies has done in vain: when the database is slower than the endpoints, these wait for it.
const unsettledAtMost = 1_024

/** Runs background work: leases lanes, keeps each lane's window full, settles outcomes in batches. */
export const startWorker = ({ db, kinds, clock, log, pollMs = 250, limits }: WorkerOptions): Worker => {
  const { workspaceShare, slowMs, holdMs, catchUpShare, catchUpPerSecond, ...most } = { ...usualLimits, ...limits }
  const groundOf = (lanes: number, running: number): Ground => ({
    lanes: createPlaces(lanes, workspaceShare),
    running: createPlaces(running, workspaceShare),
  })
  const quick = groundOf(most.lanes, most.running)
  const slow = groundOf(most.slow, most.slow)
  const owner = newId()
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const lanes = new Map<string, Lane>()
  const finished: Outcome[] = []
  let unsettled = 0
  let doubts = 0
  let looking = true
  let polledAt = 0
  let renewedAt = Date.now()
  let stopping = false
  let settling: Promise<void> | undefined
  let paceTimer: NodeJS.Timeout | undefined
  let turnComes = false

  const hasWaiting = ({ waiting, catchUp }: Lane): boolean => waiting.length + catchUp.length > 0

  const letGo = (lane: Lane) => {
    if (lanes.delete(nameOf(lane))) giveBack(lane.ground.lanes, lane.workspaceId)
  }

  const drop = (lane: Lane) => {
    lane.abort.abort()
    letGo(lane)
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

  // An endpoint that keeps its lane waiting has no place that another could use, as long as there is room for such ones.
  const setSlowApart = (): boolean => {
    const since = Date.now() - slowMs
    let moved = false
    for (const lane of lanes.values()) {
      if (lane.ground === quick && lane.running > 0 && lane.movedAt <= since) moved = moveToSlow(lane) || moved
      // Read again when it is their turn: there may be many such lanes, and they wait long.
      if (lane.ground === slow && lane.running >= lane.room && hasWaiting(lane)) putBack(lane)
    }
    return moved
  }

  const moveToSlow = (lane: Lane): boolean => {
    if (!lane.kindOf.strainOf || !mayMoveTo(lane, slow)) return false
    moveTo(lane, slow)
    return true
  }

  const notePace = (lane: Lane, tookMs: number) => {
    const ground = tookMs < slowMs ? quick : slow
    if (ground === quick) lane.movedAt = Date.now()
    if (ground === lane.ground || lanes.get(nameOf(lane)) !== lane) return
    if (ground === quick) moveTo(lane, quick)
    else moveToSlow(lane)
  }

  const lease = async () => {
    const limit = freeOf(quick.lanes)
    if (stopping || limit <= 0 || freeOf(quick.running) <= 0) return
    const { ratio, takenBy: holding } = quick.lanes
    const leasedAt = Date.now()
    const leased = await leaseLanes(db, { kinds: [...byKind.keys()], owner, now: clock.now(), limit, ratio, holding })
    for (const lane of leased) {
      const kind = byKind.get(lane.kind)!
      take(quick.lanes, lane.workspaceId)
      lanes.set(nameOf(lane), holdLane(lane, kind, { ground: quick, leasedAt, leaseMs, catchUpPerSecond }))
    }
  }

  // Lanes that never run dry would keep the rest waiting for ever.
  const share = () => {
    for (const lane of lanes.values()) {
      if (lane.yielding || Date.now() - lane.heldSince < holdMs) continue
      if (mayTake(lane.ground.lanes, lane.workspaceId)) continue
      lane.yielding = true
      putBack(lane)
    }
  }

  // A slow lane is looked at when polling alone: one look more is nothing to it, and there may be many.
  const lookAround = (): boolean => {
    const isPolling = Date.now() - polledAt >= pollMs
    const look = looking || isPolling
    if (isPolling) polledAt = Date.now()
    looking = false
    if (look) for (const lane of lanes.values()) if (isPolling || lane.ground === quick) lane.dry = false
    return look
  }

  // Work is looked for when somebody said that there is some, and at every poll; in between a lane that was read to its
  // end is read again only once all of it is settled, to know that it can be given back.
  const isHungry = (lane: Lane): boolean => {
    if (lane.yielding || lane.blocked || lane.waiting.length >= Math.max(lane.room, lane.ahead)) return false
    if (lane.ground === slow && lane.running >= lane.room) return false
    return !lane.dry || (lane.taken.size === 0 && !lane.empty)
  }

  const read = async (hungry: Lane[], wanted: number) => {
    if (stopping || hungry.length === 0) return
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

  // Slow lanes end together as they began, and a few at a time hold up nobody. Returns whether there are more of them.
  const refill = async (): Promise<boolean> => {
    for (const lane of lanes.values()) {
      for (const id of lane.settled.splice(0)) lane.taken.delete(id)
      if (lane.taken.size === 0) lane.blocked = false
    }
    const hungry = [...lanes.values()].filter(isHungry)
    const quickOnes = hungry.filter(({ ground }) => ground === quick)
    const slowOnes = hungry.filter(({ ground }) => ground === slow)
    const each = Math.floor(readBudget / quickOnes.length)
    await read(quickOnes, Math.min(readAtMost, Math.max(readAtLeast, each)))
    await read(slowOnes.slice(0, slowAtATime), readOfSlow)
    return slowOnes.length > slowAtATime
  }

  const mayCatchUp = (lane: Lane, now: number): boolean =>
    lane.catchingUp < Math.max(1, Math.floor(lane.room * catchUpShare)) && waitOf(lane.catchUpPace, now) === 0

  /** The next item that may run now. */
  const takeItem = (lane: Lane, now: number): Waiting | undefined => {
    if (lane.blocked || lane.running >= lane.room || waitOf(lane.pace, now) > 0) return undefined
    if (now >= lane.leasedUntil) return undefined
    if (!mayTake(lane.ground.running, lane.workspaceId)) return undefined
    const next = lane.waiting.shift() ?? (mayCatchUp(lane, now) ? lane.catchUp.shift() : undefined)
    if (!next) return undefined
    takeToken(lane.pace, now)
    take(lane.ground.running, lane.workspaceId)
    if (lane.running === 0) lane.movedAt = now
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
    giveBack(lane.ground.running, lane.workspaceId)
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
    const startedAt = Date.now()
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
      notePace(lane, Date.now() - startedAt)
      proceed(lane)
    }
  }

  const maySettle = (): boolean => unsettled < unsettledAtMost

  // What was prepared ahead runs at once; where lanes wait for a place, whose turn it is is decided once a tick.
  const proceed = (lane: Lane) => {
    if (mayTake(lane.ground.running, lane.workspaceId, 2)) runReady(lane)
    else if (!turnComes) {
      turnComes = true
      setImmediate(takeTurns)
    }
    if (lane.ready * 2 <= lane.ahead || (lane.waiting.length > 0 && lane.running < lane.room)) loop.wake()
  }

  const runReady = (lane: Lane) => {
    const now = Date.now()
    while (maySettle() && lane.ready > 0 && isReady(lane, lane.waiting[0], now)) {
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
      if (!maySettle()) return
      if (!hasWaiting(lane) || lane.running >= lane.room) continue
      if (!mayTake(lane.ground.running, lane.workspaceId)) continue
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
      while (maySettle()) {
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
      if (lane.kindOf.freshMs === undefined || lane.waiting.length === 0) continue
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
    const mayBeWaitedFor = isCrowded(quick.lanes)
    for (const lane of idle) letGo(lane)
    if (mayBeWaitedFor) wake()
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
      const look = lookAround()
      await renew()
      const moved = setSlowApart()
      share()
      if (look || moved) await lease()
      const more = await refill()
      await launch()
      await prepareAhead()
      await release()
      return more
    },
  })

  const drained = async (deadline: number) => {
    while ((quick.running.taken + slow.running.taken > 0 || finished.length > 0 || settling) && Date.now() < deadline)
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
