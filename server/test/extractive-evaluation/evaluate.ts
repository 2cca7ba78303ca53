/**
 * Prints how the extractive model does on questions about invented companies.
 * `--fit` also prints coefficients fitted on the first twelve; `--misses` lists what went wrong in those.
 */
import { coefficients } from '../../src/models/extractive/confidence.ts'
import { runCrossTrials } from './cross-trials.ts'
import { fit } from './fit.ts'
import { fitFirst } from './fit-first.ts'
import { fitSecond } from './fit-second.ts'
import { heldOut } from './held-out.ts'
import { calibrationError, measure, probability, runTrials, type Trial } from './measure.ts'

const write = (line: string) => process.stdout.write(`${line}\n`)
const fitTrials = runTrials([...fitFirst, ...fitSecond])
const heldOutTrials = runTrials(heldOut)
const crossTrials = runCrossTrials(fitFirst)
const by = process.argv.includes('--fit') ? fit([...fitTrials, ...crossTrials]) : coefficients

if (process.argv.includes('--fit')) write(`coefficients ${JSON.stringify(by, (_, value) => round(value), 2)}`)
report('fitted on', fitTrials)
report('held out', heldOutTrials)
if (process.argv.includes('--misses')) listMisses([...fitTrials, ...crossTrials])

function report(name: string, trials: Trial[]): void {
  const covered = trials.filter((trial) => trial.covered)
  write(`\n${name}: ${covered.length} covered, ${trials.length - covered.length} not covered`)
  write(`  best quote right, no threshold  ${percent(covered.filter((trial) => trial.right).length / covered.length)}`)
  for (const threshold of [0.3, 0.5]) {
    const { coverage, precision, refusal } = measure(trials, threshold, by)
    write(
      `  P >= ${threshold}  coverage ${percent(coverage)}  precision ${percent(precision)}  refusal ${percent(refusal)}`,
    )
  }
  write(`  calibration error  ${calibrationError(trials, by).toFixed(3)}`)
}

function listMisses(trials: Trial[]): void {
  for (const trial of trials) {
    const claimed = probability(trial, by)
    if (trial.covered ? trial.right && claimed >= 0.3 : claimed < 0.3) continue
    const kind = trial.covered ? (trial.right ? 'shy' : 'wrong') : 'should refuse'
    write(
      `\n${kind} ${claimed.toFixed(2)} [${trial.document}] ${trial.question}\n  -> ${trial.quoted.replaceAll('\n', ' ⏎ ')}`,
    )
    if (trial.features !== null) write(`  ${JSON.stringify(trial.features, (_, value) => round(value))}`)
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function round(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}
