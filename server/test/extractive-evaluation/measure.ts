import { chooseAnswer, type Features } from '../../src/models/extractive/choose-answer.ts'
import { type Coefficients, confidence } from '../../src/models/extractive/confidence.ts'
import type { EvaluationDocument } from './evaluation-document.ts'
import { retrieve } from './retrieve.ts'

/** One question asked: what was quoted, and whether that holds the answer. A question nobody covers is never right. */
export type Trial = {
  document: string
  question: string
  covered: boolean
  right: boolean
  quoted: string
  features: Features | null
}

/** Shares between 0 and 1. */
export type Measurement = {
  /** Of the covered questions, how many get a quote. */
  coverage: number
  /** Of the covered questions that get a quote, how many quotes hold the answer. */
  precision: number
  /** Of the questions not covered, how many get none. */
  refusal: number
}

export function runTrials(documents: EvaluationDocument[]): Trial[] {
  return documents.flatMap((document) => [
    ...document.covered.map(({ question, answer }) => runTrial(document, question, answer)),
    ...document.notCovered.map((question) => runTrial(document, question, null)),
  ])
}

function runTrial(document: EvaluationDocument, question: string, answer: string | null): Trial {
  const { best } = chooseAnswer(question, retrieve(document, question))
  const quoted = best === null ? '' : best.passage.text.slice(best.start, best.end)
  return {
    document: document.name,
    question,
    covered: answer !== null,
    right: answer !== null && quoted.includes(answer),
    quoted,
    features: best?.features ?? null,
  }
}

export function probability(trial: Trial, by?: Coefficients): number {
  return trial.features === null ? 0 : confidence(trial.features, by)
}

export function measure(trials: Trial[], threshold: number, by?: Coefficients): Measurement {
  const covered = trials.filter((trial) => trial.covered)
  const notCovered = trials.filter((trial) => !trial.covered)
  const quoted = covered.filter((trial) => probability(trial, by) >= threshold)
  return {
    coverage: quoted.length / covered.length,
    precision: quoted.filter((trial) => trial.right).length / Math.max(1, quoted.length),
    refusal: notCovered.filter((trial) => probability(trial, by) < threshold).length / notCovered.length,
  }
}

/** Expected calibration error over ten bins of equal width. */
export function calibrationError(trials: Trial[], by?: Coefficients): number {
  const bins = Array.from({ length: 10 }, () => ({ claimed: 0, right: 0 }))
  for (const trial of trials) {
    const claimed = probability(trial, by)
    const bin = bins[Math.min(9, Math.floor(claimed * 10))]!
    bin.claimed += claimed
    bin.right += trial.right ? 1 : 0
  }
  return bins.reduce((total, bin) => total + Math.abs(bin.claimed - bin.right), 0) / trials.length
}
