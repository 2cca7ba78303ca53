import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { contentHash } from './content-hash.ts'
import { normaliseLine, normaliseText } from './normalise-text.ts'

test('normalising twice changes nothing more, and nothing hidden is left', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\r\n',
      '\n\n\n',
      '\u200b',
      '\u200d',
      '\u202e',
      '\ufeff',
      '\u00ad',
      ' \t\n',
      'e\u0301',
      '\u{e0041}',
      'می\u200cخواهم',
      '\ud800',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = normaliseText(pieces.join(''))
      assert.equal(normaliseText(text), text)
      assert.equal(text.normalize('NFC'), text)
      assert.ok(text.isWellFormed())
      assert.doesNotMatch(text, /\r|\n\n\n|[ \t]\n|\0|^\s|\s$/)
      assert.doesNotMatch(text, /(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/u)
    }),
    { numRuns: 500 },
  )
})

test('zero-width characters, text direction marks, tags and variation selectors go, the words they divide grow together', () => {
  assert.equal(
    normaliseText('re\u200bfund\u2060s \u202eand\u202c \u{e0069}\u{e0067}more\ufe0f\ufeff'),
    'refunds and more',
  )
  assert.equal(normaliseText('co\u00adoperate'), 'cooperate')
})

test('a joiner stays where the script is spelled with it and goes everywhere else', () => {
  assert.equal(normaliseText('می\u200cخواهم'), 'می\u200cخواهم')
  assert.equal(normaliseText('a\u200cb 👩\u200d💻'), 'ab 👩💻')
})

test('line ends, spaces and composed letters come in one form', () => {
  assert.equal(normaliseText('\ufeffa\r\nb\rc\u2028d\u00a0e \n\n\n\n\u3000Cafe\u0301\n'), 'a\nb\nc\nd e\n\n Café')
  assert.equal(normaliseLine(' a\n b\t c '), 'a b c')
})

test('equal texts have equal hashes whatever their bytes were', () => {
  assert.equal(contentHash(normaliseText('Cafe\u0301\r\n')), contentHash(normaliseText('Café')))
  assert.equal(contentHash(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})
