import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { ModelPart, Passage } from '../model.ts'
import { readingOf } from '../reading-of.ts'
import { createExtractiveModel } from './create-extractive-model.ts'

const refunds = `Refunds are issued within 14 days of receiving your return. You get an e-mail when the money is sent.

Opened items can be returned within 30 days if they are undamaged. Gift cards are not refundable.`

const hours = 'Our store is open Monday to Friday from 9:00 to 18:00. On Saturdays we close at 14:00.'

const shipping = `| Method | Time | Price |
| --- | --- | --- |
| Standard | 3 to 5 days | $4.90 |
| Express | 1 day | $12.00 |

We do not ship to islands.`

const webhooks = `Every delivery carries a \`Signature\` header. To verify it, compute an HMAC-SHA256 of the raw body:

\`\`\`js
createHmac('sha256', secret).update(body).digest('hex')
\`\`\`

If your endpoint does not answer within 10 seconds, the delivery fails. A failed delivery is retried up to 8 times.`

const guide: [string, string][] = [
  ['Refund policy', refunds],
  ['Opening hours', hours],
  ['Shipping', shipping],
  ['API > Webhooks > Verify the signature', webhooks],
]

function makePassages(sections: [string, string][]): Passage[] {
  return sections.map(([title, text], at) => ({ index: at + 1, sourceName: 'guide.md', title, text, score: 1 }))
}

async function ask(question: string, passages = makePassages(guide)) {
  const parts: ModelPart[] = []
  const request = { instructions: '', history: [], question, context: null, passages }
  for await (const part of createExtractiveModel().answer({ ...request, signal: new AbortController().signal })) {
    parts.push(part)
  }
  const finish = parts.at(-1)
  assert.equal(finish?.type, 'finish')
  return {
    parts,
    text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
    declined: parts.flatMap((part) => (part.type === 'decline' ? [part.reason] : []))[0],
    confidence: finish.confidence ?? Number.NaN,
  }
}

test('questions the passages answer are answered with the sentence that says so', async () => {
  const expected: [string, string][] = [
    ['How long do refunds take?', 'within 14 days'],
    ['Can I return opened items?', 'Opened items can be returned'],
    ['are gift cards refundable', 'Gift cards are not refundable'],
    ['When are you open?', 'from 9:00 to 18:00'],
    ['What are your opening hours?', 'from 9:00 to 18:00'],
    ['How much is express shipping?', '$12.00'],
    ['Do you ship to islands?', 'We do not ship to islands'],
    ['How do I verify a webhook signature?', "createHmac('sha256', secret)"],
    ['What happens when a delivery fails?', 'retried up to 8 times'],
  ]
  for (const [question, answer] of expected) {
    const { text, confidence } = await ask(question)
    assert.ok(text.includes(answer), `${question} -> ${text}`)
    assert.ok(confidence >= 0.5, `${question} ${confidence}`)
  }
})

test('a workspace of one sentence is enough', async () => {
  const { text } = await ask('How long do refunds take?', makePassages([['', 'Refunds take 5 business days.']]))
  assert.equal(text, 'Refunds take 5 business days.')
})

test('questions the passages do not answer are declined with little confidence', async () => {
  for (const question of [
    'What is the capital of Peru?',
    'Who won the 1998 world cup?',
    'Write me a poem',
    'hello',
    'thanks!',
    '',
    '???',
    'Do you repair bicycles?',
  ]) {
    const { text, declined, confidence } = await ask(question)
    assert.equal(text, '', question)
    assert.equal(declined, 'not_covered', question)
    assert.ok(confidence < 0.3)
  }
})

test('without passages everything is declined', async () => {
  assert.equal((await ask('How long do refunds take?', [])).declined, 'not_covered')
})

test('a topic that is covered without the answer is declined as low confidence', async () => {
  const { declined } = await ask('Who packs the items?', makePassages([['Refund policy', refunds]]))
  assert.ok(declined === 'low_confidence' || declined === 'not_covered')
})

test('a wish for a person is passed on whatever the passages say', async () => {
  const { declined, text } = await ask('Can I talk to a real person please?')
  assert.equal(declined, 'asked_for_person')
  assert.equal(text, '')
})

test('an announced list is quoted with its announcement', async () => {
  const text = 'To reset the router:\n\n1. Unplug it.\n2. Wait a minute.\n3. Plug it in again.\n\nIt is white.'
  const answer = await ask('How do I reset my router?', makePassages([['Help', text]]))
  assert.equal(answer.text, 'To reset the router:\n\n1. Unplug it.\n2. Wait a minute.\n3. Plug it in again.')
})

test('what is said is the cited span, or a row of a table read out, whatever the question and the passage', async () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      '# Refunds',
      '- item one',
      '1. step',
      '| a | b |',
      '| --- | --- |',
      '| | 5 days |',
      '```',
      'Refunds take 5 days.',
      'Yes.',
      '',
      '> q',
    ),
    fc.lorem({ mode: 'sentences', maxCount: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fragment, { maxLength: 12 }), { maxLength: 3 }),
      fc.oneof(fc.constantFrom('How long do refunds take?', 'step one?'), fc.string()),
      async (texts, question) => {
        const passages = makePassages(texts.map((lines) => ['Refunds', lines.join('\n')]))
        const { parts, text } = await ask(question, passages)
        const citation = parts.find((part) => part.type === 'citation')
        if (citation === undefined) return assert.equal(text, '')
        const cited = passages.find((passage) => passage.index === citation.passage)
        assert.equal(readingOf(cited?.text ?? '', citation.start ?? 0, citation.end ?? 0), text)
        for (const word of text.match(/[\p{L}\p{N}]+/gu) ?? []) assert.ok(cited?.text.includes(word), word)
        assert.notEqual(text.trim(), '')
      },
    ),
    { numRuns: 300 },
  )
})

test('the same request always gets the same answer', async () => {
  assert.deepEqual((await ask('How long do refunds take?')).parts, (await ask('How long do refunds take?')).parts)
})
