import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { type Lane, type Waiting, wantedAhead } from './held-lane.ts'
import type { HeldLanes } from './held-lanes.ts'
import type { WorkItem, WorkKind } from './work-kind.ts'

export type Entry = { lane: Lane; item: WorkItem }

/** `obsolete`: the item makes no sense any more. */
export type Prepared = { input: unknown } | 'obsolete' | 'threw'

/** What items are run with. */
export type Inputs = {
  /** What items were prepared from may have changed: nothing that was prepared before this is ready. */
  doubt(): void
  /** Whether an item can run with what was prepared ahead for it. */
  isReady(lane: Lane, next: Waiting | undefined, now: number): boolean
  /** Prepares what runs next, while that before it runs. */
  prepareAhead(): Promise<void>
  /** Prepares items of one kind whose turn has come, and hands each to `use`. Does not throw. */
  prepareNow(kind: WorkKind, batch: Entry[], use: (entry: Entry, prepared: Prepared) => void): Promise<void>
}

const judged = (input: unknown): Prepared => (input === null || input === undefined ? 'obsolete' : { input })

export const createInputs = ({ byName }: HeldLanes, { db, log }: { db: Db; log: Log }): Inputs => {
  let doubts = 0

  const isReady: Inputs['isReady'] = (lane, next, now) =>
    next?.input !== undefined &&
    next.doubts === doubts + lane.doubts &&
    now - next.preparedAt <= (lane.kindOf.freshMs ?? 0)

  const prepareNow: Inputs['prepareNow'] = async (kind, batch, use) => {
    const items = batch.map(({ item }) => item)
    const inputs = await kind.prepare(db, items).catch((error) => {
      log.error({ err: error, kind: kind.kind, items: batch.length }, 'background work could not be prepared')
      return undefined
    })
    // One item that cannot be prepared must not hold up the others.
    if (!inputs && batch.length > 1) for (const one of batch) await prepareNow(kind, [one], use)
    else for (const [i, entry] of batch.entries()) use(entry, inputs ? judged(inputs[i]) : 'threw')
  }

  // Only what runs next, and only of lanes that move: on a slow one it would be too old by the time it is used.
  const prepareAhead = async () => {
    const now = Date.now()
    const batches = new Map<WorkKind, { next: Waiting; doubts: number }[]>()
    for (const lane of byName.values()) {
      if (lane.kindOf.freshMs === undefined || lane.waiting.length === 0) continue
      if (lane.ready * 2 > lane.ahead && isReady(lane, lane.waiting[0], now)) continue
      const wanted = lane.waiting.slice(0, wantedAhead(lane, now))
      lane.ready = wanted.length
      const batch = batches.get(lane.kindOf) ?? []
      batches.set(lane.kindOf, batch)
      for (const next of wanted) if (!isReady(lane, next, now)) batch.push({ next, doubts: doubts + lane.doubts })
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

  return {
    doubt: () => {
      doubts++
    },
    isReady,
    prepareAhead,
    prepareNow,
  }
}
