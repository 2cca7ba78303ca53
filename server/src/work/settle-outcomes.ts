import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { DatabaseUnavailableError } from '../database/connection.ts'
import type { Db } from '../database/open.ts'
import type { Lane } from './held-lane.ts'
import { settle } from './settle.ts'
import type { WorkItem, WorkKind } from './work-kind.ts'

/** `obsolete` items made no sense any more and are dropped; those that `threw` come again. */
export type Outcome = {
  lane: Lane
  item: WorkItem
  end: 'ran' | 'threw' | 'obsolete'
  result?: unknown
  /** To settle it may change what later items of its lane are prepared from. */
  isDoubtful?: boolean
}

type Outside = { db: Db; clock: Clock; log: Log }

// An item whose code throws, instead of settling its failure, comes again later and later, but is never dropped.
const strayRetryMs = (attempt: number) => Math.min(300_000, 1_000 * 2 ** Math.min(attempt, 9))

// Stands in for a kind whose items did not get as far as an outcome of their own.
const withoutOutcome = (kind: WorkKind, clock: Clock): WorkKind => ({
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

const settleRest = async ({ db, clock, log }: Outside, kind: WorkKind, outcomes: Outcome[]): Promise<void> => {
  if (outcomes.length === 0) return
  await settle(
    db,
    withoutOutcome(kind, clock),
    outcomes.map(({ item, end, lane }) => ({ item, result: end, epoch: lane.epoch })),
  ).catch((error) =>
    log.error(
      { err: error, kind: kind.kind, items: outcomes.length },
      'background work could not be put back; it is read again',
    ),
  )
}

const settleRan = async (outside: Outside, kind: WorkKind, outcomes: Outcome[]): Promise<void> => {
  const { db, log } = outside
  if (outcomes.length === 0) return
  try {
    await settle(
      db,
      kind,
      outcomes.map(({ item, result, lane }) => ({ item, result, epoch: lane.epoch })),
    )
  } catch (error) {
    log.error({ err: error, kind: kind.kind, items: outcomes.length }, 'background work could not be settled')
    // Not the fault of one of them: what cannot be written is read again, when there is a database to read.
    if (error instanceof DatabaseUnavailableError) return
    if (outcomes.length > 1) for (const outcome of outcomes) await settleRan(outside, kind, [outcome])
    else
      await settleRest(
        outside,
        kind,
        outcomes.map((outcome) => ({ ...outcome, end: 'threw' as const })),
      )
  }
}

/** Settles a batch, a kind at a time. What cannot be settled now is not lost: its items are read again. */
export const settleOutcomes = async (outside: Outside, outcomes: readonly Outcome[]): Promise<void> => {
  for (const [kind, group] of Map.groupBy(outcomes, ({ lane }) => lane.kindOf)) {
    await settleRan(
      outside,
      kind,
      group.filter(({ end }) => end === 'ran'),
    )
    await settleRest(
      outside,
      kind,
      group.filter(({ end }) => end !== 'ran'),
    )
  }
}
