import type { Passage } from '../model.ts'
import type { Unit } from './split-units.ts'

/** A unit that may be the answer. `presences` and `supports` go with the terms of the question, by position. */
export type Candidate = {
  passage: Passage
  units: Unit[]
  at: number
  said: string
  presences: number[]
  supports: number[]
  fits: number
  score: number
}
