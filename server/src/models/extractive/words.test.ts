import assert from 'node:assert/strict'
import test from 'node:test'
import { createFinder, questionTerms } from './words.ts'

const found = (question: string, text: string): number[] => createFinder(questionTerms(question))(text)

test('a word is found in its own form and in others', () => {
  assert.deepEqual(found('rotation', 'It rotates.'), [1])
  assert.deepEqual(found('verify', 'The verification'), [0.8])
  assert.deepEqual(found('gears', 'Nothing of that'), [0])
})

test('a short word whose stem ends otherwise than the word is found', () => {
  for (const word of ['key', 'toy', 'bay', 'fry'])
    assert.deepEqual(found(`a ${word}`, `The ${word}s are here.`), [1], word)
})
