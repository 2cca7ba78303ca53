import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createMarkerReader } from './read-markers.ts'

const known = new Set([1, 2, 3])

function readAll(deltas: string[]) {
  const reader = createMarkerReader(known)
  const parts = [...deltas.flatMap((delta) => reader.read(delta)), ...reader.end()]
  return {
    parts,
    text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
    cited: parts.flatMap((part) => (part.type === 'citation' ? [part.passage] : [])),
    declined: parts.flatMap((part) => (part.type === 'decline' ? [part.reason] : [])),
  }
}

test('markers become citations after the text they support', () => {
  assert.deepEqual(readAll(['Refunds take 14 days [1]. Opened items too [2][3].']).parts, [
    { type: 'text-delta', text: 'Refunds take 14 days' },
    { type: 'citation', passage: 1, start: null, end: null },
    { type: 'text-delta', text: '. Opened items too' },
    { type: 'citation', passage: 2, start: null, end: null },
    { type: 'citation', passage: 3, start: null, end: null },
    { type: 'text-delta', text: '.' },
  ])
})

test('a list of numbers in one marker cites each once', () => {
  assert.deepEqual(readAll(['Yes. [1, 2,2; 3]']).cited, [1, 2, 3])
})

test('a number that names no passage is dropped with its marker', () => {
  const { text, cited } = readAll(['Yes [7]. No [1, 9].'])
  assert.equal(text, 'Yes. No.')
  assert.deepEqual(cited, [1])
})

test('however the deltas are split, the same is said', () => {
  const answer =
    'Use `items[0]` first [1].\n```js\nconst a = rows[12]\n```\nThen call [2, 3] us. [not a marker] ends [1'
  const whole = readAll([answer])
  assert.equal(whole.text.includes('items[0]'), true)
  assert.equal(whole.text.includes('rows[12]'), true)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: answer.length }), { maxLength: 40 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), answer.length]
      const split = readAll(edges.slice(1).map((edge, index) => answer.slice(edges[index], edge)))
      assert.equal(split.text, whole.text)
      assert.deepEqual(split.cited, whole.cited)
    }),
  )
})

test('a half marker is never shown while it may still close', () => {
  const reader = createMarkerReader(known)
  assert.deepEqual(reader.read('Yes [1'), [{ type: 'text-delta', text: 'Yes' }])
  assert.deepEqual(reader.read(', '), [])
  assert.equal(reader.read('2]').length, 2)
})

test('the decline token becomes a decline, alone or decorated, whole or in letters', () => {
  for (const answer of ['NOT_COVERED', ' NOT_COVERED.', '**NOT_COVERED**', '`NOT_COVERED`']) {
    for (const deltas of [[answer], [...answer]]) {
      const { text, declined } = readAll(deltas)
      assert.equal(text, '')
      assert.deepEqual(declined, ['not_covered'])
    }
  }
  assert.deepEqual(readAll(['NEEDS_', 'PERSON']).declined, ['asked_for_person'])
})

test('a decline token late in an answer is hidden and ends the text', () => {
  const { text, declined } = readAll(['I am not sure. NOT_', 'COVERED and more [1]'])
  assert.equal(text, 'I am not sure.')
  assert.deepEqual(declined, ['not_covered'])
})

test('capital words that only begin like a token are text', () => {
  assert.equal(readAll(['N', 'OT', ' today. NOT_', 'ALL of it.']).text, 'NOT today. NOT_ALL of it.')
})
