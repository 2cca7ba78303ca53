import type { Features } from './choose-answer.ts'

/** A logistic over the features: the log-odds that the quoted text answers the question. */
export type Coefficients = { bias: number } & Features

/** Printed by `node server/test/extractive-evaluation/evaluate.ts --fit`, which never sees `held-out.ts`. */
export const coefficients: Coefficients = {
  bias: -7.523,
  covered: 0.629,
  supported: 3.92,
  heaviestMissing: -1.138,
  evidence: 5.598,
  fits: 1.291,
  lead: 3.673,
}

/** P(correct), between 0 and 1. */
export function confidence(features: Features, by: Coefficients = coefficients): number {
  const names = Object.keys(features) as (keyof Features)[]
  const logOdds = names.reduce((total, name) => total + by[name] * features[name], by.bias)
  return 1 / (1 + Math.exp(-logOdds))
}
