import type { Db } from '../database/open.ts'

/** Where work waits: one worker at a time has a lane, so order, pauses and limits within it are local facts. */
export type LaneId = { workspaceId: string; kind: string; key: string }

/**
 * How fast a lane may go; null means as its kind does. `ordered`: one at a time, by number, each waiting until the one
 * before it is done with, retries included.
 */
export type LaneSettings = {
  maxRunning: number | null
  perSecond: number | null
  catchUpPerSecond: number | null
  ordered: boolean
}

/**
 * One piece of unfinished work. `attempt` counts from 1; bands: 0 fresh, 1 retries, 2 catching up. `number` is its place
 * among the numbered items that its lane ever had.
 */
export type WorkItem = LaneId & {
  id: string
  number: number | null
  band: number
  attempt: number
  dueAt: Date
  payload: string
  createdAt: Date
}

/** An item that has run. `stale` means the lane was lost meanwhile: record the attempt, change nothing else. */
export type Finished<Result> = { item: WorkItem; result: Result; epoch: number; stale: boolean }

/** What an outcome says of the outside: it took the item, it is in trouble, or neither. */
export type Strain = 'none' | 'strained' | 'unknown'

/** The item comes again at `dueAt`; an item that `settle` does not return is done. */
export type Again = { id: string; dueAt: Date; band: number; payload?: string }

/**
 * A kind of background work. `prepare` reads what a batch needs, in order, null for items that no longer make sense (they
 * are dropped); `run` does the outside work, with no transaction open; `settle` writes the outcome, in one transaction
 * with the removal of the items. With `strainOf` the window of a lane is felt out: it begins at one, grows by one with
 * every item taken and halves with every sign of trouble. With `freshMs` items are prepared while those before them still
 * run, so that a lane need not wait for the database between two of them: `prepare` then only reads. Whoever
 * changes what it reads makes the worker doubt it.
 */
export type WorkKind<Input = unknown, Result = unknown> = {
  kind: string
  /** How many items of one lane run at once, where the lane sets no other number. */
  window: number
  strainOf?(result: Result): Strain
  /** How many milliseconds before it is used an input may have been prepared; when not given, none is prepared ahead. */
  freshMs?: number
  prepare(db: Db, items: WorkItem[]): Promise<(Input | null)[]>
  run(item: WorkItem, input: Input, signal: AbortSignal): Promise<Result>
  settle(tx: Db, finished: Finished<Result>[]): Promise<Again[]>
}

/** Hides the types of one kind, so that the worker can hold many: it hands each kind back only what that kind made. */
export const defineWorkKind = <Input, Result>(kind: WorkKind<Input, Result>): WorkKind => kind as unknown as WorkKind
