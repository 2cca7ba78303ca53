import type { Log } from '../base/log.ts'
import { feel, type Lane, leave, putBack, takeItem } from './held-lane.ts'
import { type HeldLanes, inTurn, notePace } from './held-lanes.ts'
import type { Entry, Inputs, Prepared } from './inputs.ts'
import type { OutcomeQueue } from './outcome-queue.ts'
import { mayTake } from './places.ts'
import type { WorkItem, WorkKind } from './work-kind.ts'

/** Runs items: keeps each lane's window full, as far as there are places. */
export type Runner = {
  /** Starts whatever may run, what is not ready once it was prepared. Resolves when all of it has started. */
  launch(): Promise<void>
  /** Starts at once what is ready. */
  takeTurns(): void
}

type Parts = { inputs: Inputs; outcomes: OutcomeQueue; log: Log; wake: () => void }

export const createRunner = (held: HeldLanes, { inputs, outcomes, log, wake }: Parts): Runner => {
  const { catchUpShare } = held.limits
  let turnComes = false

  const runOne = async (lane: Lane, item: WorkItem, input: unknown) => {
    const startedAt = Date.now()
    try {
      const result = await lane.kindOf.run(item, input, lane.abort.signal)
      const strain = lane.kindOf.strainOf?.(result) ?? 'none'
      feel(lane, strain)
      outcomes.add({ lane, item, end: 'ran', result, isDoubtful: strain !== 'none' })
    } catch (error) {
      log.error({ err: error, kind: item.kind, item: item.id }, 'background work threw')
      feel(lane, 'unknown')
      outcomes.add({ lane, item, end: 'threw' })
    } finally {
      leave(lane, item)
      notePace(held, lane, Date.now() - startedAt)
      proceed(lane)
    }
  }

  // What was prepared ahead runs at once; where lanes wait for a place, whose turn it is is decided once a tick.
  const proceed = (lane: Lane) => {
    if (mayTake(lane.ground.running, lane.workspaceId, 2)) {
      while (outcomes.hasRoom() && runNextReady(lane));
    } else if (!turnComes) {
      turnComes = true
      setImmediate(takeTurns)
    }
    if (lane.ready * 2 <= lane.ahead || (lane.waiting.length > 0 && lane.running < lane.room)) wake()
  }

  const runNextReady = (lane: Lane): boolean => {
    const now = Date.now()
    if (lane.ready === 0 || !inputs.isReady(lane, lane.waiting[0], now)) return false
    const next = takeItem(lane, now, catchUpShare)
    if (next) void runOne(lane, next.item, next.input)
    return next !== undefined
  }

  // One each, round after round: a lane that took its whole window at once would open a socket for each, to use it once.
  const inRounds = (start: (lane: Lane) => boolean) => {
    for (let more = true; more; ) {
      more = false
      for (const lane of inTurn(held, outcomes.hasRoom)) if (start(lane)) more = true
    }
  }

  const takeTurns = () => {
    turnComes = false
    inRounds(runNextReady)
  }

  const use = ({ lane, item }: Entry, prepared: Prepared) => {
    if (Date.now() >= lane.leasedUntil) {
      leave(lane, item)
      lane.taken.delete(item.id)
      putBack(lane)
    } else if (typeof prepared === 'object') void runOne(lane, item, prepared.input)
    else {
      leave(lane, item)
      if (prepared === 'threw') feel(lane, 'unknown')
      outcomes.add({ lane, item, end: prepared })
    }
  }

  const launch = async () => {
    const batches = new Map<WorkKind, Entry[]>()
    inRounds((lane) => {
      const now = Date.now()
      const next = takeItem(lane, now, catchUpShare)
      if (!next) return false
      const { item } = next
      if (inputs.isReady(lane, next, now)) void runOne(lane, item, next.input)
      else if (batches.has(lane.kindOf)) batches.get(lane.kindOf)!.push({ lane, item })
      else batches.set(lane.kindOf, [{ lane, item }])
      return true
    })
    await Promise.all([...batches].map(([kind, batch]) => inputs.prepareNow(kind, batch, use)))
  }

  return { launch, takeTurns }
}
