import type { Clock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Db } from '../database/open.ts'
import { holdLane, type Lane, nameOf, putBack, retune } from './held-lane.ts'
import { type HeldLanes, hold, letGo } from './held-lanes.ts'
import { leaseLanes, leaseMs, releaseLanes, renewLanes } from './lanes.ts'
import { freeOf, isCrowded } from './places.ts'
import { waitOf } from './token-bucket.ts'
import type { WorkKind } from './work-kind.ts'

/** What binds the lanes that a worker holds to the database. */
export type Leases = {
  /** Takes as many due lanes as there are places. */
  lease(): Promise<void>
  /** From time to time: prolongs what is held, drops what was lost, and learns what was tuned. */
  renew(): Promise<void>
  /** Gives back what has nothing left to do; returns whether others may be waiting for just these places. */
  release(): Promise<boolean>
  releaseAll(): Promise<void>
}

const renewEveryMs = 2_500

type Outside = { db: Db; clock: Clock; kinds: readonly WorkKind[] }

export const createLeases = (held: HeldLanes, { db, clock, kinds }: Outside): Leases => {
  const owner = newId()
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const { byName, quick, limits } = held
  const { catchUpPerSecond } = limits
  let renewedAt = Date.now()

  const drop = (lane: Lane) => {
    lane.abort.abort()
    letGo(held, lane)
    putBack(lane)
  }

  const lease = async () => {
    const limit = freeOf(quick.lanes)
    if (held.closing || limit <= 0 || freeOf(quick.running) <= 0) return
    const { ratio, takenBy: holding } = quick.lanes
    const leasedAt = Date.now()
    const leased = await leaseLanes(db, { kinds: [...byKind.keys()], owner, now: clock.now(), limit, ratio, holding })
    for (const lane of leased) {
      // Its lease ran out meanwhile: what this worker had of it was lost like what another takes over.
      const lost = byName.get(nameOf(lane))
      if (lost) drop(lost)
      hold(held, holdLane(lane, byKind.get(lane.kind)!, { ground: quick, leasedAt, leaseMs, catchUpPerSecond }))
    }
  }

  const renew = async () => {
    const at = Date.now()
    if (at - renewedAt < renewEveryMs) return
    const leasedUntil = at + leaseMs
    const kept = new Map((await renewLanes(db, [...byName.values()])).map((lane) => [nameOf(lane), lane]))
    // Not before: after a failure it is done again before anything is leased, or a worker would take its own lanes anew.
    renewedAt = at
    for (const lane of [...byName.values()]) {
      const now = kept.get(nameOf(lane))
      if (!now) {
        drop(lane)
        continue
      }
      lane.leasedUntil = leasedUntil
      retune(lane, now, catchUpPerSecond)
    }
  }

  const release = async (): Promise<boolean> => {
    const now = Date.now()
    // Whoever leases it next knows nothing of its pace: a lane that is given back before the pace allows more has none.
    const isDone = (lane: Lane) => lane.empty && waitOf(lane.pace, now) === 0 && waitOf(lane.catchUpPace, now) === 0
    const idle = [...byName.values()].filter(
      (lane) => lane.taken.size === 0 && (isDone(lane) || lane.yielding || held.closing),
    )
    if (idle.length === 0) return false
    // Forgotten only once the database knows: else a failure here would leave them to nobody until the lease runs out.
    await releaseLanes(db, idle, clock.now())
    const mayBeWaitedFor = isCrowded(quick.lanes)
    for (const lane of idle) letGo(held, lane)
    return mayBeWaitedFor
  }

  return { lease, renew, release, releaseAll: () => releaseLanes(db, [...byName.values()], clock.now()) }
}
