import type { Asked } from './answer-type.ts'
import type { Candidate } from './candidate.ts'
import { refersBack } from './refers-back.ts'
import type { Unit } from './split-units.ts'

/** Characters; a longer list is cut after a whole item. */
const maxQuote = 700

/** The unit with what it cannot be read without: the sentence it refers to, the list or code it announces. */
export function quoteAround(
  best: Candidate,
  ranked: Candidate[],
  { types, wantsConsequence }: Asked,
): { start: number; end: number } {
  const { passage, units, at } = best
  const text = passage.text
  let first = at
  let last = at
  const unit = units[at]!
  const wantsSteps = types.includes('steps')
  if (unit.kind === 'code' && at > 0 && units[at - 1]!.kind === 'sentence') first = at - 1
  if (unit.kind === 'item' && unit.ordered && wantsSteps) {
    while (first > 0 && units[first - 1]!.block === unit.block) first -= 1
    last = endOfBlock(units, at)
  }
  const opening = units[first]!
  if (opening.kind === 'sentence' && first > 0 && units[first - 1]!.block === opening.block) {
    if (refersBack(text.slice(opening.start, opening.end))) first -= 1
  }
  const next = units[last + 1]
  if (units[last]!.kind === 'sentence' && next !== undefined && next.heading === unit.heading) {
    const announces = text.slice(0, units[last]!.end).endsWith(':')
    if (next.kind === 'code' && (announces || wantsSteps)) last += 1
    else if (next.kind === 'item' && announces) last = endOfBlock(units, last + 1)
  }
  if (first === last && unit.kind === 'sentence') {
    const isNearlyAsGood = (other: Unit | undefined) =>
      other !== undefined &&
      other.kind === 'sentence' &&
      other.block === unit.block &&
      ranked.some((candidate) => candidate.units[candidate.at] === other && candidate.score > 0.8 * best.score)
    const follows = units[last + 1]?.kind === 'sentence' && units[last + 1]?.block === unit.block
    if (isNearlyAsGood(units[last + 1]) || (wantsConsequence && follows)) last += 1
    if (isNearlyAsGood(units[first - 1])) first -= 1
  }
  while (last > at && units[last]!.end - units[first]!.start > maxQuote) last -= 1
  return { start: units[first]!.start, end: units[last]!.end }
}

function endOfBlock(units: Unit[], at: number): number {
  let last = at
  while (units[last + 1]?.block === units[at]!.block) last += 1
  return last
}
