import type { HeldLane } from './lanes.ts'
import { giveBack, mayTake, type Places, take } from './places.ts'
import { createTokenBucket, type TokenBucket, takeToken, waitOf } from './token-bucket.ts'
import type { LaneId, LaneSettings, Strain, WorkItem, WorkKind } from './work-kind.ts'

// Prepared ahead: what a lane was seen to run in so long, so that it never waits for a read that was begun in time.
const prepareForMs = 20
const prepareAtMost = 256

/** `input` is what was prepared ahead, for those whose time had not come: undefined when nothing was. */
export type Waiting = { item: WorkItem; input: unknown; preparedAt: number; doubts: number }

/** What lanes are counted among: those that move, or those that keep the worker waiting. */
export type Ground = { lanes: Places; running: Places }

/** A lane while this worker holds it. */
export type Lane = HeldLane & {
  kindOf: WorkKind
  ground: Ground
  /** When it last began from nothing, or an item of it ended in good time. */
  movedAt: number
  waiting: Waiting[]
  /** How many at the head of `waiting` were prepared, how many should be, and what was run since that was last decided. */
  ready: number
  ahead: number
  started: number
  aheadSince: number
  /** How often what was prepared had to be prepared again, because an outcome may have changed it. */
  doubts: number
  /** What waits to be caught up with, apart: it is slower, and must not stand in front of what is fresh. */
  catchUp: Waiting[]
  catchingUp: number
  /** How many run at once now: what was felt out, up to what the lane allows. */
  room: number
  pace: TokenBucket | null
  catchUpPace: TokenBucket
  /** An item of an ordered lane did not get through: nothing runs before its outcome is written. */
  blocked: boolean
  /** Ids read and not yet settled. */
  taken: Set<string>
  /** Ids settled since the last look: one under way may still see them, so they stay taken until the next begins. */
  settled: string[]
  running: number
  /** The last look found nothing due beyond what is taken. */
  empty: boolean
  /** The last look found all that was due: until somebody says that there is more, another would find nothing. */
  dry: boolean
  abort: AbortController
  heldSince: number
  /** Until then nobody else can have it, by the clock of this process: one that slept has perhaps lost it. */
  leasedUntil: number
  /** Takes no more items, so that it can be given back. */
  yielding: boolean
}

const mostOf = (lane: Pick<Lane, 'ordered' | 'maxRunning' | 'kindOf'>): number =>
  lane.ordered ? 1 : (lane.maxRunning ?? lane.kindOf.window)

const paceOf = ({ perSecond }: LaneSettings): TokenBucket | null =>
  perSecond === null ? null : createTokenBucket(perSecond)

export const nameOf = (lane: LaneId) => `${lane.workspaceId} ${lane.kind} ${lane.key}`

const catchUpPaceOf = ({ catchUpPerSecond }: LaneSettings, usual: number): TokenBucket =>
  createTokenBucket(catchUpPerSecond ?? usual)

type Holding = { ground: Ground; leasedAt: number; leaseMs: number; catchUpPerSecond: number }

/** A lane just leased. `catchUpPerSecond` counts where the lane says nothing else. */
export const holdLane = (
  leased: HeldLane,
  kindOf: WorkKind,
  { ground, leasedAt, leaseMs, catchUpPerSecond }: Holding,
): Lane => ({
  ...leased,
  kindOf,
  ground,
  movedAt: leasedAt,
  waiting: [],
  ready: 0,
  ahead: 0,
  started: 0,
  aheadSince: leasedAt,
  doubts: 0,
  catchUp: [],
  catchingUp: 0,
  room: kindOf.strainOf ? 1 : mostOf({ ...leased, kindOf }),
  pace: paceOf(leased),
  catchUpPace: catchUpPaceOf(leased, catchUpPerSecond),
  blocked: false,
  taken: new Set<string>(),
  settled: [],
  running: 0,
  empty: false,
  dry: false,
  yielding: false,
  heldSince: leasedAt,
  leasedUntil: leasedAt + leaseMs,
  abort: new AbortController(),
})

/** Counts a lane, and what runs of it, somewhere else: what it was to give up for others there is given up by that. */
export const moveTo = (lane: Lane, ground: Ground): void => {
  const { workspaceId, running } = lane
  giveBack(lane.ground.lanes, workspaceId)
  giveBack(lane.ground.running, workspaceId, running)
  lane.ground = ground
  lane.yielding = false
  take(ground.lanes, workspaceId)
  take(ground.running, workspaceId, running)
}

export const mayMoveTo = ({ workspaceId, running }: Lane, ground: Ground): boolean =>
  mayTake(ground.lanes, workspaceId) && mayTake(ground.running, workspaceId, running)

export const hasWaiting = ({ waiting, catchUp }: Lane): boolean => waiting.length + catchUp.length > 0

const mayCatchUp = (lane: Lane, now: number, share: number): boolean =>
  lane.catchingUp < Math.max(1, Math.floor(lane.room * share)) && waitOf(lane.catchUpPace, now) === 0

/** Takes the next item that may run now, and its place. `catchUpShare`: what catching up may have of the window. */
export const takeItem = (lane: Lane, now: number, catchUpShare: number): Waiting | undefined => {
  if (lane.blocked || lane.running >= lane.room || waitOf(lane.pace, now) > 0) return undefined
  if (now >= lane.leasedUntil) return undefined
  if (!mayTake(lane.ground.running, lane.workspaceId)) return undefined
  const next = lane.waiting.shift() ?? (mayCatchUp(lane, now, catchUpShare) ? lane.catchUp.shift() : undefined)
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

/** An item that was taken runs no longer, or never did. */
export const leave = (lane: Lane, item: WorkItem): void => {
  giveBack(lane.ground.running, lane.workspaceId)
  lane.running--
  if (item.band >= 2) lane.catchingUp--
}

/** Milliseconds until its pace lets a lane run what only that holds back; Infinity when nothing is held back so. */
export const paceWaitOf = (lane: Lane, now: number): number => {
  if (lane.running >= lane.room || lane.blocked) return Infinity
  const pace = waitOf(lane.pace, now)
  const fresh = lane.waiting.length > 0 && pace > 0 ? pace : Infinity
  const catchUp = lane.catchUp.length > 0 ? Math.max(pace, waitOf(lane.catchUpPace, now)) : 0
  return Math.min(fresh, catchUp || Infinity)
}

/** Forgets what was read and has not run: it is read again. */
export const putBack = (lane: Lane) => {
  for (const { item } of [...lane.waiting, ...lane.catchUp]) lane.taken.delete(item.id)
  lane.waiting = []
  lane.ready = 0
  lane.catchUp = []
  lane.dry = false
}

/** Takes over settings that were changed while the lane is held. */
export const retune = (lane: Lane, now: LaneSettings, catchUpPerSecond: number): void => {
  if (now.perSecond !== lane.perSecond) lane.pace = paceOf(now)
  if (now.catchUpPerSecond !== lane.catchUpPerSecond) lane.catchUpPace = catchUpPaceOf(now, catchUpPerSecond)
  // What was read in one order is not run in another.
  if (now.ordered !== lane.ordered) putBack(lane)
  lane.maxRunning = now.maxRunning
  lane.perSecond = now.perSecond
  lane.catchUpPerSecond = now.catchUpPerSecond
  lane.ordered = now.ordered
  lane.room = lane.kindOf.strainOf ? Math.min(lane.room, mostOf(lane)) : mostOf(lane)
}

/**
 * The window of a lane is what the other side was seen to bear: one more with every success, half with every trouble. An
 * ordered lane stands still until the outcome of whatever did not succeed is written.
 */
export const feel = (lane: Lane, strain: Strain): void => {
  if (lane.ordered && strain !== 'none') {
    lane.blocked = true
    putBack(lane)
  }
  if (!lane.kindOf.strainOf) return
  if (strain === 'none') lane.room = Math.min(mostOf(lane), lane.room + 1)
  if (strain === 'strained') lane.room = Math.max(1, Math.floor(lane.room / 2))
}

/** Decides how many of a lane to have prepared, by how fast it went since this was last asked. */
export const wantedAhead = (lane: Lane, now: number): number => {
  const elapsed = now - lane.aheadSince
  if (elapsed >= 1) {
    const perMs = lane.started / elapsed
    const window = Math.min(lane.room, (perMs * (lane.kindOf.freshMs ?? 0)) / 2)
    lane.ahead = Math.ceil(Math.min(prepareAtMost, Math.max(window, perMs * prepareForMs)))
    lane.started = 0
    lane.aheadSince = now
  }
  return lane.ahead
}
