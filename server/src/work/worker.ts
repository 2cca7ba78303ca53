import type { Clock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { type HeldLane, leaseLanes, readDueItems, releaseLanes, renewLanes } from './lanes.ts'
import { startLoop } from './loop.ts'
import { settle } from './settle.ts'
import type { LaneId, WorkItem, WorkKind } from './work-kind.ts'

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
  /** How long it holds a lane while it holds as many as it may, before others have their turn. */
  holdMs: number
}

export type Worker = {
  /** There may be new work: look now instead of at the next poll. */
  wake(): void
  /** Takes no more work, lets what runs finish for up to `graceMs`, settles it and gives the lanes back. */
  stop(graceMs?: number): Promise<void>
}

const usualLimits: Limits = { lanes: 256, running: 512, holdMs: 5_000 }
const readAhead = 64
const renewEveryMs = 2_500
const settleAfterMs = 8
const settleAtMost = 400
// An item whose code throws, instead of settling its failure, comes again later and later, but is never dropped.
const strayRetryMs = (attempt: number) => Math.min(300_000, 1_000 * 2 ** Math.min(attempt, 9))

type Lane = HeldLane & {
  kindOf: WorkKind
  waiting: WorkItem[]
  /** Ids read and not yet settled. */
  taken: Set<string>
  /** Ids settled since the last look: one under way may still see them, so they stay taken until the next begins. */
  settled: string[]
  running: number
  /** The last look found nothing due beyond what is taken. */
  empty: boolean
  abort: AbortController
  heldSince: number
  /** Takes no more items, so that it can be given back. */
  yielding: boolean
}

/** `obsolete` items made no sense any more and are dropped; those that `threw` come again. */
type Outcome = { lane: Lane; item: WorkItem; end: 'ran' | 'threw' | 'obsolete'; result?: unknown }

const nameOf = (lane: LaneId) => `${lane.workspaceId} ${lane.kind} ${lane.key}`

/** Runs background work: leases lanes, keeps each lane's window full, settles outcomes in batches. */
export const startWorker = ({ db, kinds, clock, log, pollMs = 250, limits }: WorkerOptions): Worker => {
  const { lanes: maxLanes, running: maxRunning, holdMs } = { ...usualLimits, ...limits }
  const owner = newId()
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const lanes = new Map<string, Lane>()
  const finished: Outcome[] = []
  let running = 0
  let renewedAt = Date.now()
  let stopping = false
  let settling: Promise<void> | undefined

  const drop = (lane: Lane) => {
    lane.abort.abort()
    lanes.delete(nameOf(lane))
  }

  const renew = async () => {
    if (Date.now() - renewedAt < renewEveryMs) return
    renewedAt = Date.now()
    const kept = new Set((await renewLanes(db, [...lanes.values()])).map(nameOf))
    for (const lane of [...lanes.values()]) if (!kept.has(nameOf(lane))) drop(lane)
  }

  const lease = async () => {
    if (stopping || lanes.size >= maxLanes || running >= maxRunning) return
    const limit = maxLanes - lanes.size
    for (const lane of await leaseLanes(db, { kinds: [...byKind.keys()], owner, now: clock.now(), limit })) {
      const kindOf = byKind.get(lane.kind)!
      const fresh = {
        waiting: [],
        taken: new Set<string>(),
        settled: [],
        running: 0,
        empty: false,
        yielding: false,
        heldSince: Date.now(),
      }
      lanes.set(nameOf(lane), { ...lane, ...fresh, kindOf, abort: new AbortController() })
    }
  }

  const putBack = (lane: Lane) => {
    for (const item of lane.waiting) lane.taken.delete(item.id)
    lane.waiting = []
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

  const refill = async () => {
    for (const lane of lanes.values()) for (const id of lane.settled.splice(0)) lane.taken.delete(id)
    const hungry = [...lanes.values()].filter(
      (lane) => !lane.yielding && lane.waiting.length === 0 && lane.running < lane.kindOf.window,
    )
    if (stopping || hungry.length === 0) return
    const items = await readDueItems(db, hungry, clock.now(), readAhead)
    if (stopping) return
    for (const lane of hungry) lane.empty = true
    for (const item of items) {
      const lane = lanes.get(nameOf(item))
      if (!lane || lane.taken.has(item.id)) continue
      lane.taken.add(item.id)
      lane.waiting.push(item)
      lane.empty = false
    }
  }

  const finish = (outcome: Outcome) => {
    finished.push(outcome)
    if (finished.length >= settleAtMost) flush()
    else if (finished.length === 1) setTimeout(flush, settleAfterMs)
  }

  const runOne = async (lane: Lane, item: WorkItem, input: unknown) => {
    try {
      finish({ lane, item, end: 'ran', result: await lane.kindOf.run(item, input, lane.abort.signal) })
    } catch (error) {
      log.error({ err: error, kind: item.kind, item: item.id }, 'background work threw')
      finish({ lane, item, end: 'threw' })
    } finally {
      running--
      lane.running--
      loop.wake()
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
      if (input !== null && input !== undefined) {
        void runOne(lane, item, input)
        continue
      }
      running--
      lane.running--
      finish({ lane, item, end: inputs ? 'obsolete' : 'threw' })
    }
  }

  // Round robin over lanes: a lane with a long queue gets its window and no more, and then stands behind the others.
  const launch = async () => {
    const batches = new Map<WorkKind, { lane: Lane; item: WorkItem }[]>()
    for (const lane of [...lanes.values()]) {
      if (running >= maxRunning) break
      if (lane.waiting.length > 0 && lane.running < lane.kindOf.window) {
        lanes.delete(nameOf(lane))
        lanes.set(nameOf(lane), lane)
      }
      while (lane.running < lane.kindOf.window && lane.waiting.length > 0 && running < maxRunning) {
        const item = lane.waiting.shift()!
        lane.running++
        running++
        const batch = batches.get(lane.kindOf)
        if (batch) batch.push({ lane, item })
        else batches.set(lane.kindOf, [{ lane, item }])
      }
    }
    await Promise.all([...batches].map(([kind, batch]) => startKind(kind, batch)))
  }

  const release = async () => {
    const idle = [...lanes.values()].filter(
      (lane) => lane.taken.size === 0 && (lane.empty || lane.yielding || stopping),
    )
    if (idle.length === 0) return
    // Forgotten only once the database knows: else a failure here would leave them to nobody until the lease runs out.
    await releaseLanes(db, idle, clock.now())
    for (const lane of idle) lanes.delete(nameOf(lane))
  }

  // Stands in for a kind whose items did not get as far as an outcome of their own.
  const withoutOutcome = (kind: WorkKind): WorkKind => ({
    ...kind,
    settle: async (_tx, done) =>
      done
        .filter(({ result }) => result === 'threw')
        .map(({ item }) => ({
          id: item.id,
          band: Math.max(1, item.band),
          dueAt: new Date(clock.now().getTime() + strayRetryMs(item.attempt)),
        })),
  })

  const settleRan = async (kind: WorkKind, outcomes: Outcome[]): Promise<void> => {
    if (outcomes.length === 0) return
    try {
      await settle(
        db,
        kind,
        outcomes.map(({ item, result, lane }) => ({ item, result, epoch: lane.epoch })),
      )
    } catch (error) {
      log.error({ err: error, kind: kind.kind, items: outcomes.length }, 'background work could not be settled')
      if (outcomes.length > 1) for (const outcome of outcomes) await settleRan(kind, [outcome])
      else
        await settleRest(
          kind,
          outcomes.map((outcome) => ({ ...outcome, end: 'threw' as const })),
        )
    }
  }

  const settleRest = async (kind: WorkKind, outcomes: Outcome[]): Promise<void> => {
    if (outcomes.length === 0) return
    await settle(
      db,
      withoutOutcome(kind),
      outcomes.map(({ item, end, lane }) => ({ item, result: end, epoch: lane.epoch })),
    ).catch((error) =>
      log.error(
        { err: error, kind: kind.kind, items: outcomes.length },
        'background work could not be put back; it is read again',
      ),
    )
  }

  const settleAll = async () => {
    while (finished.length > 0) {
      const outcomes = finished.splice(0, settleAtMost)
      const groups = Map.groupBy(outcomes, ({ lane }) => lane.kindOf)
      for (const [kind, group] of groups) {
        await settleRan(
          kind,
          group.filter(({ end }) => end === 'ran'),
        )
        await settleRest(
          kind,
          group.filter(({ end }) => end !== 'ran'),
        )
      }
      for (const { lane, item } of outcomes) lane.settled.push(item.id)
      for (const lane of new Set(outcomes.map((outcome) => outcome.lane))) lane.empty = false
    }
  }

  function flush(): void {
    settling ??= settleAll().finally(() => {
      settling = undefined
      loop.wake()
      if (finished.length > 0) flush()
    })
  }

  const loop = startLoop({
    pollMs,
    gatherMs: () => 1,
    onError: (error) => log.error({ err: error }, 'the worker stumbled and goes on'),
    step: async () => {
      await renew()
      share()
      await lease()
      await refill()
      await launch()
      await release()
      return false
    },
  })

  const drained = async (deadline: number) => {
    while ((running > 0 || finished.length > 0 || settling) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }

  return {
    wake: loop.wake,
    stop: async (graceMs = 20_000) => {
      stopping = true
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
