import type { Clock } from '../base/clock.ts'
import type { Db } from '../database/open.ts'
import { type Lane, nameOf } from './held-lane.ts'
import type { HeldLanes } from './held-lanes.ts'
import { readDueItems } from './lanes.ts'

/** Keeps the lanes that a worker holds supplied with due items. */
export type ReadAhead = {
  /** There may be more than was read. A slow lane needs telling only now and then: there may be many. */
  doubtDry(slowToo: boolean): void
  /** Reads for the lanes that need items; returns whether there are more of them. */
  refill(): Promise<boolean>
}

// What is read ahead of a lane. All lanes share a budget, so that a thousand long ones are no thousand long lists.
const readAtLeast = 64
const readAtMost = 256
const readBudget = 4_096
// Slow lanes end together as they began: a few at a time hold up nobody, and each runs little until its next turn.
const readOfSlow = 8
const slowAtATime = 32

// Work is looked for when somebody said that there is some, and at every poll; in between a lane that was read to its
// end is read again only once all of it is settled, to know that it can be given back.
const isHungry = (lane: Lane, isSlow: boolean): boolean => {
  if (lane.yielding || lane.blocked || lane.waiting.length >= Math.max(lane.room, lane.ahead)) return false
  if (isSlow && lane.running >= lane.room) return false
  return !lane.dry || (lane.taken.size === 0 && !lane.empty)
}

const forgetSettled = (lane: Lane) => {
  for (const id of lane.settled.splice(0)) lane.taken.delete(id)
  if (lane.taken.size === 0) lane.blocked = false
}

export const createReadAhead = (held: HeldLanes, { db, clock }: { db: Db; clock: Clock }): ReadAhead => {
  const { byName, quick, slow } = held

  const read = async (hungry: Lane[], wanted: number) => {
    if (hungry.length === 0) return
    // What is taken and not yet settled is found again, and must not stand in front of what is new.
    const limit = wanted + Math.max(...hungry.map(({ taken }) => taken.size))
    const items = await readDueItems(db, hungry, clock.now(), limit)
    if (held.closing) return
    const found = new Map<Lane, number>()
    for (const lane of hungry) lane.empty = true
    for (const item of items) {
      const lane = byName.get(nameOf(item))
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

  return {
    doubtDry: (slowToo) => {
      for (const lane of byName.values()) if (slowToo || lane.ground === quick) lane.dry = false
    },
    refill: async () => {
      const [quickOnes, slowOnes]: [Lane[], Lane[]] = [[], []]
      for (const lane of byName.values()) {
        forgetSettled(lane)
        const isSlow = lane.ground === slow
        if (isHungry(lane, isSlow)) (isSlow ? slowOnes : quickOnes).push(lane)
      }
      if (held.closing) return false
      const each = Math.floor(readBudget / quickOnes.length)
      await read(quickOnes, Math.min(readAtMost, Math.max(readAtLeast, each)))
      await read(slowOnes.slice(0, slowAtATime), readOfSlow)
      return slowOnes.length > slowAtATime
    },
  }
}
