import { type Ground, hasWaiting, type Lane, mayMoveTo, moveTo, nameOf, putBack } from './held-lane.ts'
import type { Limits } from './limits.ts'
import { createPlaces, giveBack, mayTake, take } from './places.ts'

/** The lanes that a worker holds, by name and in the order of their turns, and where they are counted. */
export type HeldLanes = {
  byName: Map<string, Lane>
  quick: Ground
  slow: Ground
  limits: Limits
  /** The worker stops: no lane is leased, read or held any more than it must. */
  closing: boolean
}

export const createHeldLanes = (limits: Limits): HeldLanes => {
  const ground = (lanes: number, running: number): Ground => ({
    lanes: createPlaces(lanes, limits.workspaceShare),
    running: createPlaces(running, limits.workspaceShare),
  })
  const quick = ground(limits.lanes, limits.running)
  return { byName: new Map(), quick, slow: ground(limits.slow, limits.slow), limits, closing: false }
}

/** Holds a lane just leased, which counts among the quick. */
export const hold = ({ byName, quick }: HeldLanes, lane: Lane): void => {
  take(quick.lanes, lane.workspaceId)
  byName.set(nameOf(lane), lane)
}

/** Holds a lane no longer; what runs of it runs on. */
export const letGo = ({ byName }: HeldLanes, lane: Lane): void => {
  if (byName.delete(nameOf(lane))) giveBack(lane.ground.lanes, lane.workspaceId)
}

/** How many items run, wherever they are counted. */
export const runningIn = ({ quick, slow }: HeldLanes): number => quick.running.taken + slow.running.taken

const moveToSlow = (lane: Lane, slow: Ground): boolean => {
  if (!lane.kindOf.strainOf || !mayMoveTo(lane, slow)) return false
  moveTo(lane, slow)
  return true
}

/**
 * An endpoint that keeps its lane waiting has no place that another could use, as long as there is room for such ones.
 * Returns whether any place became free by that.
 */
export const setSlowApart = ({ byName, quick, slow, limits }: HeldLanes): boolean => {
  const since = Date.now() - limits.slowMs
  let moved = false
  for (const lane of byName.values()) {
    if (lane.ground === quick && lane.running > 0 && lane.movedAt <= since) moved = moveToSlow(lane, slow) || moved
    // Read again when it is their turn: there may be many such lanes, and they wait long.
    if (lane.ground === slow && lane.running >= lane.room && hasWaiting(lane)) putBack(lane)
  }
  return moved
}

/** Counts a lane where it belongs by how long its last item took. */
export const notePace = ({ byName, quick, slow, limits }: HeldLanes, lane: Lane, tookMs: number): void => {
  const ground = tookMs < limits.slowMs ? quick : slow
  if (ground === quick) lane.movedAt = Date.now()
  if (ground === lane.ground || byName.get(nameOf(lane)) !== lane) return
  if (ground === quick) moveTo(lane, quick)
  else moveToSlow(lane, slow)
}

/** Lanes that never run dry would keep the rest waiting for ever. */
export const giveWay = ({ byName, limits }: HeldLanes): void => {
  for (const lane of byName.values()) {
    if (lane.yielding || Date.now() - lane.heldSince < limits.holdMs) continue
    if (mayTake(lane.ground.lanes, lane.workspaceId)) continue
    lane.yielding = true
    putBack(lane)
  }
}

/** The lanes that can run something, while `mayStart`. One that has its turn stands behind the others for the next. */
export function* inTurn({ byName }: HeldLanes, mayStart: () => boolean): Generator<Lane> {
  for (const lane of [...byName.values()]) {
    if (!mayStart()) return
    if (!hasWaiting(lane) || lane.running >= lane.room) continue
    if (!mayTake(lane.ground.running, lane.workspaceId)) continue
    byName.delete(nameOf(lane))
    byName.set(nameOf(lane), lane)
    yield lane
  }
}
