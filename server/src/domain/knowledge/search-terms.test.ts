import assert from 'node:assert/strict'
import test from 'node:test'
import { searchConfigOf, searchTextOf } from './search-terms.ts'

test('a language tag leads to its configuration, an unknown one to the simple', () => {
  assert.deepEqual(['en', 'de-AT', 'PT-br', 'nb', 'ja', 'xx'].map(searchConfigOf), [
    'english',
    'german',
    'portuguese',
    'norwegian',
    'simple',
    'simple',
  ])
})

test('words are folded and parted where people part them', () => {
  assert.equal(searchTextOf('POST /v1/chat, X-Parley-Signature!').words, 'post v1 chat x parley signature')
  assert.equal(searchTextOf('3,000 lamps for €1.50 (ﬁne)').words, '3000 lamps for 1.50 fine')
  assert.equal(searchTextOf('Ends. Begins 1.2.3.').words, 'ends begins 1.2.3')
})

test('scripts without spaces become pairs of characters', () => {
  assert.deepEqual(searchTextOf('返品は API で'), { words: 'api', bigrams: ['返品', '品は', 'で'] })
  assert.deepEqual(searchTextOf('サーバー').bigrams, ['サー', 'ーバ', 'バー'])
  assert.deepEqual(searchTextOf('คืน').bigrams, ['คื', 'ืน'])
})
