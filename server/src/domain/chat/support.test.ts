import assert from 'node:assert/strict'
import test from 'node:test'
import type { Evidence } from './evidence.ts'
import { supportOf } from './support.ts'

const refunds =
  'Refunds are available within 14 days of purchase. Annual plans cost 240 dollars. You can cancel your plan at any time. Gift cards cannot be returned. Our terms are at https://shop.example/terms.'
const passages: Evidence[] = [{ text: refunds, start: 0 }]

const spanOf = (text: string): string | undefined => {
  const found = supportOf(text, [{ passage: 1, start: null, end: null }], passages)
  return found?.spans.map(({ start, end }) => refunds.slice(start, end)).join(' | ')
}

test('a fair paraphrase is supported by the sentence it rests on', () => {
  for (const [said, span] of [
    ['Refunds are available within 14 days.', 'Refunds are available within 14 days of purchase.'],
    ['Refunds are available within fourteen days.', 'Refunds are available within 14 days of purchase.'],
    ['Refunds are available within １４ days.', 'Refunds are available within 14 days of purchase.'],
    ['An annual plan costs 240 dollars.', 'Annual plans cost 240 dollars.'],
    ["Gift cards can't be returned.", 'Gift cards cannot be returned.'],
    ['Our [terms](https://shop.example/terms).', 'Our terms are at https://shop.example/terms.'],
    [
      'Refunds are available within 14 days; you can cancel at any time.',
      'Refunds are available within 14 days of purchase. | You can cancel your plan at any time.',
    ],
  ] as const)
    assert.equal(spanOf(said), span, said)
})

test('the row of a table supports its reading and nothing else', () => {
  const table = { text: '| Plan | Price |\n| --- | --- |\n| Team | $29 |\n| Business | $99 |', start: 0 }
  const start = table.text.indexOf('Team')
  const cited = [{ passage: 1, start, end: start + 'Team | $29'.length }]
  assert.equal(supportOf('Plan: Team; Price: $29', cited, [table])?.support, 1)
  assert.equal(supportOf('Plan: Team; Price: $99', cited, [table]), undefined)
})

test('a sentence that denies what its source says, or says what it denies, is not supported', () => {
  for (const said of [
    'Refunds are not available within 14 days.',
    'Refunds are never available within 14 days.',
    "Refunds aren't available within 14 days.",
    'Refunds aren’t available within 14 days.',
    'No refunds are available within 14 days.',
    'You cannot cancel your plan at any time.',
    'Gift cards can be returned.',
  ])
    assert.equal(spanOf(said), undefined, said)
})

test('a figure must stand in the sentence that supports it, in whatever digits or words it is written', () => {
  for (const figure of [
    '240',
    '９９',
    '٩٩',
    '९',
    '²',
    'ninety',
    'ninety-nine',
    'two hundred',
    'a thousand',
    'nine\u200bty',
  ])
    assert.equal(spanOf(`Refunds are available within ${figure} days.`), undefined, figure)
})

test('a link or an address must stand in the supporting sentence, whatever it looks like', () => {
  for (const link of [
    'www.evil.com/pay',
    'www。evil．com/pay',
    'evil-refunds.example',
    '...evil.com',
    '_evil.com_',
    '-javascript:alert(1)',
    '[purchase](//evil.com)',
    '[purchase]( <//evil.com> )',
    '[purchase](/pay)',
    '[purchase]: /pay',
    '![x](//evil.com/a)',
    '[purchase](javascript:alert(document.cookie))',
    '[purchase](JavaScript:alert(1))',
    '[purchase](&#106;avascript:alert(1))',
    '<a href=pay>purchase</a>',
    'mailto:pay@evil',
    'tel:+1',
    'pay@evil.example',
    'https://shop.example/terms',
    'https://shop.example.evil.com',
  ])
    assert.equal(spanOf(`Refunds are available within 14 days of purchase ${link}`), undefined, link)
})

test('every clause of a sentence needs support of its own', () => {
  for (const mark of ['; ', ' — ', '—', ' – ', ' - ', '；'])
    assert.equal(spanOf(`You can cancel your plan at any time${mark}hackers stole data.`), undefined, mark)
})

test('a long hostile text is judged in little work', () => {
  for (const piece of ['](', ' ', 'a-', 'a.', '<a', '@', 'a@', '//', 'one ', '1,', '; ', '\u200b'])
    assert.equal(spanOf(piece.repeat(20_000 / piece.length)), undefined, piece)
})
