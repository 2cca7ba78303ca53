import assert from 'node:assert/strict'
import test from 'node:test'
import { ModelError, type ModelPart, type ModelRequest } from '../model.ts'
import { createScriptedModel, type Script } from './create-scripted-model.ts'

async function ask(script: Script, question: string, signal = new AbortController().signal) {
  const request: ModelRequest = { instructions: '', history: [], question, context: null, passages: [], signal }
  const parts: ModelPart[] = []
  for await (const part of createScriptedModel(script).answer(request)) parts.push(part)
  return parts
}

const script: Script = [
  { question: 'refund', steps: [{ type: 'text-delta', text: '14 days.' }] },
  { question: /^fail/, steps: [new ModelError('rate_limited', 'slow down', { retryable: true })] },
  {
    question: 'slow',
    steps: [
      { type: 'delay', ms: 60_000 },
      { type: 'text-delta', text: 'late' },
    ],
  },
]

test('the first entry that fits speaks, and finish is added', async () => {
  assert.deepEqual(
    (await ask(script, 'How long do REFUNDS take?')).map((part) => part.type),
    ['text-delta', 'finish'],
  )
})

test('a question no entry names is declined', async () => {
  assert.deepEqual((await ask(script, 'Weather?'))[0], { type: 'decline', reason: 'not_covered' })
})

test('a scripted error is thrown', async () => {
  await assert.rejects(ask(script, 'fail now'), { name: 'ModelError', code: 'rate_limited' })
})

test('an abort cuts a pause short and nothing more is said', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 5)
  assert.deepEqual(await ask(script, 'slow', controller.signal), [])
})

test('a function may read the whole request', async () => {
  const parts = await ask((request) => [{ type: 'text-delta', text: request.question }], 'echo')
  assert.deepEqual(parts[0], { type: 'text-delta', text: 'echo' })
})
