import assert from 'node:assert/strict'
import test from 'node:test'
import { splitUnits } from './split-units.ts'

const said = (text: string) => splitUnits(text).map((unit) => text.slice(unit.start, unit.end))

test('sentences end at punctuation, not at abbreviations, decimals, file names or URLs', () => {
  const text =
    'Use a tool, e.g. Curl or v2.5 of it. Edit config.yaml. See https://example.com/a.b?c=d. Dr. Okafor is in from 9 a.m. to 5 p.m. daily! Really.'
  assert.deepEqual(said(text), [
    'Use a tool, e.g. Curl or v2.5 of it.',
    'Edit config.yaml.',
    'See https://example.com/a.b?c=d.',
    'Dr. Okafor is in from 9 a.m. to 5 p.m. daily!',
    'Really.',
  ])
})

test('a code block is one unit and the dots inside code spans end nothing', () => {
  const text = 'Call `a. B. c()` first:\n\n```js\nconst x = 1. \n\n# not a heading\n```\nThen stop.'
  const units = splitUnits(text)
  assert.deepEqual(
    units.map((unit) => unit.kind),
    ['sentence', 'code', 'sentence'],
  )
  assert.equal(text.slice(units[1]!.start, units[1]!.end), '```js\nconst x = 1. \n\n# not a heading\n```')
  assert.equal(units[1]!.lead, 'Call `a. B. c()` first:')
})

test('a fence that never closes swallows the rest and nothing breaks', () => {
  assert.deepEqual(said('Text.\n```\ncode. More'), ['Text.', '```\ncode. More'])
})

test('list items are units without their markers and know what introduces them', () => {
  const text = 'We ship to:\n\n- France, e.g. Paris\n- Spain\n  and its islands\n\n1. First\n2) Second'
  const units = splitUnits(text)
  assert.deepEqual(said(text), ['We ship to:', 'France, e.g. Paris', 'Spain\n  and its islands', 'First', 'Second'])
  assert.equal(units[1]!.lead, 'We ship to:')
  assert.deepEqual(
    units.map((unit) => unit.ordered),
    [false, false, false, true, true],
  )
})

test('headings are never units but stand above what follows', () => {
  const text = '# Refunds\n\nMoney back.\n\nShipping\n--------\nWe ship.\n\n**Fees**\nNone apply.'
  assert.deepEqual(
    splitUnits(text).map((unit) => [unit.heading, text.slice(unit.start, unit.end)]),
    [
      ['Refunds', 'Money back.'],
      ['Shipping', 'We ship.'],
      ['Fees', 'None apply.'],
    ],
  )
})

test('a question is a heading for its answer, and a bare yes joins the sentence after it', () => {
  const text = 'Q: Can I skip?\nA: Yes. Tap Skip.\n\nDo you ship? We do ship.'
  assert.deepEqual(
    splitUnits(text).map((unit) => [unit.heading, text.slice(unit.start, unit.end)]),
    [
      ['Can I skip?', 'Yes. Tap Skip.'],
      ['Do you ship?', 'We do ship.'],
    ],
  )
})

test('table rows are units with the header as their lead', () => {
  const text = '| Plan | Price |\n| --- | ---: |\n| Team | $29 |\n| Business | $99 |'
  assert.deepEqual(said(text), ['Team | $29', 'Business | $99'])
  assert.equal(splitUnits(text)[0]!.lead, '| Plan | Price |')
})

test('short lines are sentences of their own, wrapped lines are not', () => {
  assert.deepEqual(said('Monday: 9 to 5\nSunday: closed'), ['Monday: 9 to 5', 'Sunday: closed'])
  const wrapped = 'This line was wrapped by an editor at a width of about eighty characters and\nContinues here.'
  assert.deepEqual(said(wrapped), [wrapped])
})

test('an empty text has no units', () => {
  assert.deepEqual(said(''), [])
  assert.deepEqual(said('# Only a heading\n\n---\n'), [])
})
