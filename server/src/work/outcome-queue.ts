import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../database/open.ts'
import { type Outcome, settleOutcomes } from './settle-outcomes.ts'

/** Outcomes that wait to be written, many at a time. */
export type OutcomeQueue = {
  add(outcome: Outcome): void
  /** False while too many wait: nothing more may be started. */
  hasRoom(): boolean
  isEmpty(): boolean
}

// What has ended and is not written is sent again after a kill; the database is asked seven things each time. A busy worker
// gathers while the batch before it is written, however short this is.
const settleAfterMs = 8
const settleFrom = 400
const settleAtMost = 1_000
// What a worker that dies has done in vain: when the database is slower than the endpoints, these wait for it.
const unsettledAtMost = 1_024

type Outside = { db: Db; clock: Clock; log: Log }

/** `onSettled` is called whenever all that waited has been written. */
export const createOutcomeQueue = (outside: Outside, onSettled: () => void): OutcomeQueue => {
  const finished: Outcome[] = []
  let unsettled = 0
  let settling: Promise<void> | undefined

  const settleAll = async () => {
    while (finished.length > 0) {
      const outcomes = finished.splice(0, settleAtMost)
      await settleOutcomes(outside, outcomes)
      unsettled -= outcomes.length
      for (const { lane, item, isDoubtful } of outcomes) {
        lane.settled.push(item.id)
        lane.empty = false
        if (isDoubtful) lane.doubts++
      }
    }
  }

  const flush = () => {
    settling ??= settleAll().finally(() => {
      settling = undefined
      onSettled()
      if (finished.length > 0) flush()
    })
  }

  return {
    add: (outcome) => {
      finished.push(outcome)
      unsettled++
      if (finished.length >= settleFrom) flush()
      else if (finished.length === 1) setTimeout(flush, settleAfterMs)
    },
    hasRoom: () => unsettled < unsettledAtMost,
    isEmpty: () => finished.length === 0 && !settling,
  }
}
