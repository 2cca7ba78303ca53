import assert from 'node:assert/strict'
import test from 'node:test'
import { type OpenAiReply, type OpenAiRequest, startOpenAiServer } from '../../test/openai-server.ts'
import { createAiSdkModel } from './ai-sdk/create-ai-sdk-model.ts'
import { createExtractiveModel } from './extractive/create-extractive-model.ts'
import type { Model, ModelPart, ModelRequest } from './model.ts'
import { createScriptedModel } from './scripted/create-scripted-model.ts'

const coveredQuestion = 'How long do refunds take?'
const notCoveredQuestion = 'What is the capital of Peru?'

function makeRequest(question: string, signal = new AbortController().signal): ModelRequest {
  const passages = [
    { index: 4, sourceName: 'policy.md', title: 'Policy > Refunds', text: 'Refunds take 14 days.', score: 3 },
    { index: 7, sourceName: 'policy.md', title: 'Policy > Shipping', text: 'Parcels leave on Mondays.', score: 1 },
  ]
  return { instructions: 'Be brief.', history: [], question, context: null, passages, signal }
}

function replyLikeAModel(request: OpenAiRequest): OpenAiReply {
  const covered = request.messages.at(-1)?.content.includes(coveredQuestion)
  return { kind: 'text', deltas: covered ? ['Refunds take ', '14 days [', '4', '][9].'] : ['NOT_', 'COVERED'] }
}

const scripted = () =>
  createScriptedModel([
    {
      question: coveredQuestion,
      steps: [
        { type: 'text-delta', text: 'Refunds take 14 days.' },
        { type: 'citation', passage: 4, start: null, end: null },
      ],
    },
  ])

const implementations: { name: string; run(use: (model: Model) => Promise<void>): Promise<void> }[] = [
  { name: 'extractive', run: (use) => use(createExtractiveModel()) },
  { name: 'scripted', run: (use) => use(scripted()) },
  {
    name: 'ai-sdk',
    async run(use) {
      await using server = await startOpenAiServer(replyLikeAModel)
      await use(createAiSdkModel({ baseUrl: server.baseUrl, apiKey: null, model: 'test' }))
    },
  },
]

async function collect(model: Model, request: ModelRequest): Promise<ModelPart[]> {
  const parts: ModelPart[] = []
  for await (const part of model.answer(request)) parts.push(part)
  return parts
}

function assertOneFinishLast(parts: ModelPart[]): void {
  const finishes = parts.filter((part) => part.type === 'finish')
  assert.equal(finishes.length, 1)
  assert.equal(parts.at(-1), finishes[0])
  const { confidence, usage } = finishes[0]!
  assert.ok(confidence === null || (confidence >= 0 && confidence <= 1))
  assert.ok(usage.promptTokens >= 0 && usage.completionTokens >= 0)
}

for (const { name, run } of implementations) {
  test(`${name}: answers a covered question with text and citations of given passages`, () =>
    run(async (model) => {
      const request = makeRequest(coveredQuestion)
      const parts = await collect(model, request)
      const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
      assert.match(text, /14 days/)
      assert.doesNotMatch(text, /\[/)
      const citations = parts.filter((part) => part.type === 'citation')
      assert.ok(citations.length > 0)
      for (const { passage, start, end } of citations) {
        const cited = request.passages.find(({ index }) => index === passage)
        assert.ok(cited, `passage ${passage} was not given`)
        if (start !== null && end !== null) assert.equal(cited.text.slice(start, end), text)
      }
      assert.equal(
        parts.some((part) => part.type === 'decline'),
        false,
      )
      assertOneFinishLast(parts)
    }))

  test(`${name}: declines a question the passages do not cover, without a word`, () =>
    run(async (model) => {
      const parts = await collect(model, makeRequest(notCoveredQuestion))
      assert.deepEqual(parts[0], { type: 'decline', reason: 'not_covered' })
      assert.equal(parts.length, 2)
      assertOneFinishLast(parts)
    }))

  test(`${name}: says nothing when the request was already aborted`, () =>
    run(async (model) => {
      assert.deepEqual(await collect(model, makeRequest(coveredQuestion, AbortSignal.abort())), [])
    }))

  test(`${name}: ends without throwing when aborted on the way`, () =>
    run(async (model) => {
      const controller = new AbortController()
      for await (const _ of model.answer(makeRequest(coveredQuestion, controller.signal))) controller.abort()
    }))

  test(`${name}: can be left early and asked again`, () =>
    run(async (model) => {
      for await (const _ of model.answer(makeRequest(coveredQuestion))) break
      assertOneFinishLast(await collect(model, makeRequest(coveredQuestion)))
    }))

  test(`${name}: has a name and a mode`, () =>
    run(async (model) => {
      assert.notEqual(model.name, '')
      assert.ok(['extractive', 'llm', 'scripted'].includes(model.mode))
    }))
}
