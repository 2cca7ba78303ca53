import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { splitSentences } from './sentences.ts'

const sentences = (text: string): string[] => splitSentences(text).map(({ start, end }) => text.slice(start, end))

test('sentences end at marks, empty lines and list items', () => {
  assert.deepEqual(sentences('One. Two! "Three?" (Four.) Five\n\nSix\n- seven\n- eight. Nine'), [
    'One.',
    'Two!',
    '"Three?"',
    '(Four.)',
    'Five',
    'Six',
    '- seven',
    '- eight.',
    'Nine',
  ])
})

test('addresses, decimals, abbreviations, initials, code and numbers of lists stay whole', () => {
  for (const whole of [
    'See https://e.com/a.b?c=d. or mail a.b@e.com for 3.5 kg at $1.000,50',
    'Ask Dr. Smith or J. R. Miller, e.g. Monday',
    'Siehe z. B. Kapitel 3 bzw. Anhang',
    'Run `a. B` now',
    '1. First item',
    'Node.js v24.1.0 and the U.S. Market',
    'Version No. 5 of Fig. 3',
    'What?! they asked',
  ])
    assert.deepEqual(sentences(whole), [whole])
})

test('a word that is also an abbreviation still ends its sentence', () => {
  assert.deepEqual(sentences('Is it free? No. You pay.'), ['Is it free?', 'No.', 'You pay.'])
  assert.deepEqual(sentences('Sold by Acme Inc. Support is free.'), ['Sold by Acme Inc.', 'Support is free.'])
})

test('a code block is one sentence of its own', () => {
  assert.deepEqual(sentences('Do this:\n```\na. B\n\nc\n```\nThen go.'), [
    'Do this:',
    '```\na. B\n\nc\n```',
    'Then go.',
  ])
})

test('Chinese, Japanese, Arabic and Hindi sentences end at their own marks', () => {
  assert.deepEqual(sentences('退货免费。请在30天内寄回！“好的。”他说。'), [
    '退货免费。',
    '请在30天内寄回！',
    '“好的。”',
    '他说。',
  ])
  assert.deepEqual(sentences('هل هذا مجاني؟ نعم.'), ['هل هذا مجاني؟', 'نعم.'])
  assert.deepEqual(sentences('यह मुफ़्त है। हाँ।'), ['यह मुफ़्त है।', 'हाँ।'])
})

test('spans are in order, apart from each other, trimmed, and hold every visible character', () => {
  const piece = fc.constantFrom(
    'a',
    'B',
    '. ',
    '! ',
    '。',
    '\n',
    '\n\n',
    ' ',
    '`',
    '```\n',
    '~~~\n',
    '- ',
    '1. ',
    '"',
    ')',
    '...',
    'e.g. ',
    'ก',
    '|',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('')
      let at = 0
      for (const { start, end } of splitSentences(text)) {
        assert.ok(start >= at && end > start)
        assert.equal(text.slice(at, start).trim(), '')
        assert.doesNotMatch(text.slice(start, end), /^\n|\n$/)
        at = end
      }
      assert.equal(text.slice(at).trim(), '')
    }),
    { numRuns: 1000 },
  )
})
