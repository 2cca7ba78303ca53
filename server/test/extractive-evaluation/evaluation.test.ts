import assert from 'node:assert/strict'
import test from 'node:test'
import { fitFirst } from './fit-first.ts'
import { fitSecond } from './fit-second.ts'
import { heldOut } from './held-out.ts'
import { calibrationError, measure, runTrials } from './measure.ts'

test('every expected answer stands in its document', () => {
  for (const document of [...fitFirst, ...fitSecond, ...heldOut]) {
    for (const { answer } of document.covered) assert.ok(document.text.includes(answer), `${document.name}: ${answer}`)
  }
})

test('on companies never seen before it refuses what is not covered and is mostly right about what is', () => {
  const trials = runTrials(heldOut)
  const drafted = measure(trials, 0.3)
  assert.ok(drafted.refusal >= 0.97, `refusal ${drafted.refusal}`)
  assert.ok(drafted.coverage >= 0.8, `coverage ${drafted.coverage}`)
  assert.ok(drafted.precision >= 0.85, `precision ${drafted.precision}`)
  const shown = measure(trials, 0.5)
  assert.ok(shown.refusal >= 0.98, `refusal ${shown.refusal}`)
  assert.ok(shown.coverage >= 0.7, `coverage ${shown.coverage}`)
  assert.ok(shown.precision >= 0.88, `precision ${shown.precision}`)
  const error = calibrationError(trials)
  assert.ok(error <= 0.08, `calibration error ${error}`)
})
