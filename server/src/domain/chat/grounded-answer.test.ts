import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { ModelPart } from '../../models/model.ts'
import type { Evidence, GroundedText } from './evidence.ts'
import { type GroundingEnd, groundAnswer } from './grounded-answer.ts'

const passages: Evidence[] = [
  {
    text: 'Refunds are paid to the original card within 5 business days. Opened software cannot be returned.',
    start: 100,
  },
  {
    text: 'Standard delivery to Madeira takes 7 days and costs 12 euros. See https://shop.example/delivery for details.',
    start: 0,
  },
]

const usage = { promptTokens: 3, completionTokens: 4 }

async function* stream(parts: ModelPart[]): AsyncGenerator<ModelPart> {
  yield* parts
}

const ground = async (parts: ModelPart[], whole = false): Promise<{ said: GroundedText[]; end: GroundingEnd }> => {
  const said: GroundedText[] = []
  const grounding = groundAnswer(stream(parts), passages, { whole })
  for (let next = await grounding.next(); ; next = await grounding.next()) {
    if (next.done) return { said, end: next.value }
    said.push(next.value)
  }
}

const text = (value: string): ModelPart => ({ type: 'text-delta', text: value })
const cite = (passage: number): ModelPart => ({ type: 'citation', passage, start: null, end: null })
const finish: ModelPart = { type: 'finish', confidence: null, usage }
const textOf = (said: GroundedText[]) => said.map((one) => one.text).join('')

test('a supported sentence goes out with the span that supports it', async () => {
  const { said, end } = await ground([text('Refunds are paid to your card within 5 business days.'), cite(1), finish])
  assert.equal(said.length, 1)
  const [span] = said[0]!.spans
  assert.equal(
    passages[0]!.text.slice(span!.start, span!.end),
    'Refunds are paid to the original card within 5 business days.',
  )
  assert.equal(end.declined, null)
  assert.ok(end.confidence! > 0.5)
  assert.deepEqual(end.usage, usage)
})

test('a sentence without a citation never goes out', async () => {
  const { said } = await ground([
    text('Sure, happy to help! '),
    text('Refunds are paid within 5 business days.'),
    cite(1),
    text(' Anything else?'),
    finish,
  ])
  assert.equal(textOf(said).trim(), 'Refunds are paid within 5 business days.')
})

test('a sentence that cites a passage about something else is held back', async () => {
  const { said, end } = await ground([text('The company was founded by two brothers in Porto.'), cite(1), finish])
  assert.deepEqual(said, [])
  assert.equal(end.declined, 'unsupported')
})

test('an invented number, date, amount, link or address is held back however close the words are', async () => {
  const inventions = [
    'Refunds are paid to the original card within 3 business days.',
    'Refunds are paid to the original card within 5 business days, since 2019-04-01.',
    'Standard delivery to Madeira takes 7 days and costs 12.50 euros.',
    'Standard delivery to Madeira takes 7 days, see https://evil.example/delivery.',
    'Standard delivery to Madeira takes 7 days, write to help@shop.example.',
  ]
  for (const sentence of inventions) {
    const { said } = await ground([text(sentence), cite(1), cite(2), finish])
    assert.deepEqual(said, [], sentence)
  }
})

test('a citation of a passage that was never given supports nothing', async () => {
  for (const passage of [0, 3, 99, -1])
    assert.deepEqual((await ground([text('Refunds are paid within 5 business days.'), cite(passage), finish])).said, [])
})

test('citations belong to their own sentence, whether they stand before or after its mark', async () => {
  const { said } = await ground([
    text('Refunds are paid within 5 business days'),
    cite(1),
    text('. Standard delivery to Madeira takes 7 days. '),
    cite(2),
    text('It costs 12 euros for delivery to Madeira.'),
    cite(2),
    finish,
  ])
  assert.deepEqual(
    said.map(({ spans }) => spans.map(({ passage }) => passage)),
    [[1], [2], [2]],
  )
})

test('an exact quotation of several sentences goes out whole', async () => {
  const quote = passages[0]!.text
  const { said } = await ground(
    [
      text(quote),
      { type: 'citation', passage: 1, start: 0, end: quote.length },
      { type: 'finish', confidence: 0.8, usage },
    ],
    true,
  )
  assert.deepEqual(said, [{ text: quote, spans: [{ passage: 1, start: 0, end: quote.length }], support: 1 }])
})

test('a model that declines says nothing and its reason is kept', async () => {
  const { said, end } = await ground([
    { type: 'decline', reason: 'not_covered' },
    { type: 'finish', confidence: 0.1, usage },
  ])
  assert.deepEqual(said, [])
  assert.equal(end.declined, 'not_covered')
})

test('however the text is cut into pieces, the same sentences go out', async () => {
  const whole =
    'Refunds are paid within 5 business days. Standard delivery to Madeira costs 12 euros. Trust me on this one.'
  const marks = [
    { after: 'business days.', passage: 1 },
    { after: '12 euros.', passage: 2 },
  ]
  const places = marks.map(({ after, passage }) => ({ at: whole.indexOf(after) + after.length, passage }))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 12 }),
      async (extra) => {
        const cuts = [...new Set([...extra, ...places.map(({ at }) => at), whole.length])].sort((a, b) => a - b)
        let from = 0
        const parts = cuts.flatMap((at) => {
          const piece = text(whole.slice(from, at))
          from = at
          return [piece, ...places.filter((place) => place.at === at).map(({ passage }) => cite(passage))]
        })
        const { said } = await ground([...parts, finish])
        assert.equal(
          textOf(said).trim(),
          'Refunds are paid within 5 business days. Standard delivery to Madeira costs 12 euros.',
        )
      },
    ),
  )
})

test('two thousand hostile outputs send no uncited sentence and no fact that the cited passages lack', async () => {
  const words = [
    'Refunds',
    'are',
    'paid',
    'within',
    '5',
    '3',
    'business',
    'days',
    'https://evil.example',
    'delivery',
    'Madeira',
    '12',
    '13',
    'euros',
    '2031-01-01',
    'ceo@evil.example',
    'original',
    'card',
    'not',
    'never',
    'ninety',
    '９９',
    '٩٩',
    'www.evil.example/pay',
    'evil-refunds.example',
    '[card](//evil.example)',
    '![card](//evil.example/a)',
    '[card](javascript:alert(1))',
    '; hackers stole data',
    '— hackers stole data',
  ]
  const sentence = fc
    .array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 })
    .map((list) => `${list.join(' ')}. `)
  const part = fc.oneof(sentence.map(text), fc.integer({ min: -1, max: 4 }).map(cite))
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 10 }), async (parts) => {
      for (const { text: said, spans } of (await ground([...parts, finish])).said) {
        assert.ok(spans.length > 0)
        const cited = passages.map((passage) => passage.text).join(' ')
        for (const invention of ['evil', '2031-01-01', '13', '3 ', 'ninety', '９９', '٩٩', 'javascript', 'hackers'])
          if (said.includes(invention)) assert.ok(cited.includes(invention.trim()), said)
        for (const { passage, start, end } of spans) {
          const span = passages[passage - 1]!.text.slice(start, end)
          if (/\b(?:not|never)\b/.test(said)) assert.match(span, /cannot/, said)
          for (const [figure] of said.matchAll(/\d+/g)) assert.ok(span.includes(figure), said)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})
