import type { Features } from '../../src/models/extractive/choose-answer.ts'
import type { Coefficients } from '../../src/models/extractive/confidence.ts'
import { probability, type Trial } from './measure.ts'

const names: (keyof Features)[] = ['covered', 'supported', 'heaviestMissing', 'evidence', 'fits', 'lead']

/** Above 1 because live traffic asks more questions nobody covers than this set, and a wrong quote costs more than none. */
const weightOfNotCovered = 2

/** Logistic regression by plain gradient descent; a little shrinkage keeps six weights honest on 840 questions. */
export function fit(trials: Trial[], shrinkage = 0.0005): Coefficients {
  const usable = trials.filter((trial) => trial.features !== null)
  let by: Coefficients = {
    bias: 0,
    covered: 0,
    supported: 0,
    heaviestMissing: 0,
    evidence: 0,
    fits: 0,
    lead: 0,
  }
  for (let step = 0; step < 20_000; step += 1) {
    const slope: Coefficients = { ...by, bias: 0 }
    for (const name of names) slope[name] *= shrinkage
    for (const trial of usable) {
      const weight = trial.covered ? 1 : weightOfNotCovered
      const error = (weight * (probability(trial, by) - (trial.right ? 1 : 0))) / usable.length
      slope.bias += error
      for (const name of names) slope[name] += error * trial.features![name]
    }
    const next = { ...by }
    for (const name of ['bias', ...names] as const) next[name] -= 0.5 * slope[name]
    by = next
  }
  return by
}
