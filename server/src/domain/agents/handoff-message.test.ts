import assert from 'node:assert/strict'
import test from 'node:test'
import type { DeclineReason } from '../../models/model.ts'
import { defaultConfiguration } from './default-configuration.ts'
import { handoffMessageOf } from './handoff-message.ts'

const reasons: DeclineReason[] = ['not_covered', 'low_confidence', 'asked_for_person', 'unsupported']

test('each reason has a sentence of its own', () => {
  const said = reasons.map((reason) => handoffMessageOf(defaultConfiguration, reason))
  assert.equal(new Set(said).size, reasons.length)
})

test('what the maker of the agent wrote is said whatever the reason', () => {
  const configuration = { ...defaultConfiguration, handoff_message: 'Wir melden uns.' }
  for (const reason of reasons) assert.equal(handoffMessageOf(configuration, reason), 'Wir melden uns.')
})
