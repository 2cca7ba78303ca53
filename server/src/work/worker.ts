import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { paceWaitOf, putBack } from './held-lane.ts'
import { createHeldLanes, giveWay, runningIn, setSlowApart } from './held-lanes.ts'
import { createInputs } from './inputs.ts'
import { createLeases } from './leases.ts'
import { type Limits, usualLimits } from './limits.ts'
import { startLoop } from './loop.ts'
import { createOutcomeQueue } from './outcome-queue.ts'
import { createReadAhead } from './read-ahead.ts'
import { createRunner } from './runner.ts'
import type { WorkKind } from './work-kind.ts'

type WorkerOptions = {
  db: Db
  kinds: readonly WorkKind[]
  clock: Clock
  log: Log
  pollMs?: number
  limits?: Partial<Limits>
}

export type Worker = {
  /** There may be new work: look now instead of at the next poll. */
  wake(): void
  /** What items were prepared from may have changed: nothing that was prepared before this runs. */
  doubt(): void
  /** Takes no more work, lets what runs finish for up to `graceMs`, settles it and gives the lanes back. */
  stop(graceMs?: number): Promise<void>
}

/** Runs background work: leases lanes, keeps each lane's window full, settles outcomes in batches. */
export const startWorker = ({ db, kinds, clock, log, pollMs = 250, limits }: WorkerOptions): Worker => {
  const held = createHeldLanes({ ...usualLimits, ...limits })
  const leases = createLeases(held, { db, clock, kinds })
  const readAhead = createReadAhead(held, { db, clock })
  const inputs = createInputs(held, { db, log })
  const outcomes = createOutcomeQueue({ db, clock, log }, () => {
    runner.takeTurns()
    loop.wake()
  })
  const runner = createRunner(held, { inputs, outcomes, log, wake: () => loop.wake() })
  let looking = true
  let polledAt = 0
  let paceTimer: NodeJS.Timeout | undefined

  const wake = () => {
    looking = true
    loop.wake()
  }

  const isToLook = (): boolean => {
    const isPolling = Date.now() - polledAt >= pollMs
    if (!looking && !isPolling) return false
    if (isPolling) polledAt = Date.now()
    looking = false
    readAhead.doubtDry(isPolling)
    return true
  }

  // What only its pace holds back is looked at again when the pace allows, not at the next poll.
  const wakeForPace = () => {
    const now = Date.now()
    let soonest = Infinity
    for (const lane of held.byName.values()) soonest = Math.min(soonest, paceWaitOf(lane, now))
    clearTimeout(paceTimer)
    if (soonest < pollMs) paceTimer = setTimeout(() => loop.wake(), soonest)
  }

  const loop = startLoop({
    pollMs,
    gatherMs: () => 1,
    onError: (error) => log.error({ err: error }, 'the worker stumbled and goes on'),
    step: async () => {
      const look = isToLook()
      await leases.renew()
      const isFreed = setSlowApart(held)
      giveWay(held)
      if (look || isFreed) await leases.lease()
      const more = await readAhead.refill()
      const launched = runner.launch()
      wakeForPace()
      await launched
      await inputs.prepareAhead()
      if (await leases.release()) wake()
      return more
    },
  })

  const drained = async (deadline: number) => {
    while ((runningIn(held) > 0 || !outcomes.isEmpty()) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }

  return {
    wake,
    doubt: inputs.doubt,
    stop: async (graceMs = 20_000) => {
      held.closing = true
      for (const lane of held.byName.values()) putBack(lane)
      await drained(Date.now() + graceMs)
      for (const lane of held.byName.values()) lane.abort.abort()
      await drained(Date.now() + 1_000)
      await loop.stop()
      clearTimeout(paceTimer)
      await leases.releaseAll().catch((error) => log.error({ err: error }, 'lanes could not be given back'))
    },
  }
}
