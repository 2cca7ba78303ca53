import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { pino } from 'pino'
import { startOpenAiServer } from '../../../test/openai-server.ts'
import { fromWireId } from '../../base/ids.ts'
import { createAiSdkModel } from '../../models/ai-sdk/create-ai-sdk-model.ts'
import type { DeclineReason, Model } from '../../models/model.ts'
import { createScriptedModel } from '../../models/scripted/create-scripted-model.ts'
import { createAgent } from '../agents/index.ts'
import type { Ctx } from '../context.ts'
import { getConversation } from '../conversations/index.ts'
import { createSource } from '../knowledge/index.ts'
import { openIngestion } from '../knowledge/ingestion.fixture.ts'
import { answer } from './answer.ts'
import type { ChatInput, Once } from './open-turn.ts'
import type { Part } from './parts-of-message.ts'

const ingestion = await openIngestion()
ingestion.startWorker()
after(() => ingestion.close())

const supported = 'Refunds are paid back within 5 business days.'
const never = new AbortController().signal

const makeCaller = async (): Promise<Ctx> => {
  const ctx = await ingestion.makeCaller()
  await createAgent(ctx, { name: 'Support' })
  const input = { type: 'text', name: 'Refunds', content: supported } as const
  await ingestion.settled(ctx, (await createSource(ctx, input, { settings: ingestion.settings })).id)
  return ctx
}

const makeOnce = (): Once => {
  const once: Once = {
    resourceId: null,
    note: async (_db, resourceId) => {
      once.resourceId = resourceId
    },
  }
  return once
}

const ask = async (ctx: Ctx, model: Model, input: Partial<ChatInput> = {}, once = makeOnce()): Promise<Part[]> => {
  const models = { default: model, extractive: model }
  const deps = { models, once, remember: async () => undefined, gone: never, stopping: never }
  const parts: Part[] = []
  for await (const part of answer(ctx, { message: 'When are refunds paid back?', ...input }, deps)) parts.push(part)
  return parts
}

const replyIn = (parts: Part[]) => {
  const last = parts.at(-1)
  assert.equal(last?.type, 'message-end')
  return last.message
}

const sure = (confidence: number): Model =>
  createScriptedModel(() => [
    { type: 'text-delta', text: supported },
    { type: 'citation', passage: 1, start: null, end: null },
    { type: 'finish', confidence, usage: { promptTokens: 1, completionTokens: 1 } },
  ])

test('a streamed answer below the threshold stands as it was said, and a person is asked for', async () => {
  const ctx = await makeCaller()
  const parts = await ask(ctx, sure(0.49))
  assert.deepEqual(
    parts.map(({ type }) => type),
    ['message-start', 'text-delta', 'citation', 'handoff', 'message-end'],
  )
  const reply = replyIn(parts)
  assert.equal(reply.content, supported)
  assert.deepEqual(reply.handoff, { state: 'requested', reason: 'low_confidence' })
  const conversation = await getConversation(ctx, fromWireId('conversation', reply.conversation_id)!)
  assert.equal(conversation.handoff_state, 'requested')
  assert.equal(replyIn(await ask(ctx, sure(0.5))).handoff, null)
})

test('a customer who is handed over is told why', async () => {
  const ctx = await makeCaller()
  const declining = (reason: DeclineReason): Model =>
    createScriptedModel(() => [
      { type: 'decline', reason },
      { type: 'finish', confidence: 0, usage: { promptTokens: 1, completionTokens: 1 } },
    ])
  const said = async (reason: DeclineReason) => {
    const { content, handoff } = replyIn(await ask(ctx, declining(reason)))
    assert.deepEqual(handoff, { state: 'requested', reason })
    return content
  }
  assert.match(await said('asked_for_person'), /^You asked for a person/)
  assert.match(await said('not_covered'), /^I found nothing about this/)
})

test('a provider that fails is told of in the log, without what it said', async () => {
  const statuses = [401, 500]
  const provider = await startOpenAiServer(() => ({ kind: 'status', status: statuses.shift()! }))
  try {
    const lines: string[] = []
    const ctx = { ...(await makeCaller()), log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }) }
    const model = createAiSdkModel({ baseUrl: provider.baseUrl, apiKey: 'provider-key', model: 'llama-test' })
    for (const [code, reason] of [
      ['rejected', 'The provider answered 401'],
      ['unavailable', 'The provider answered 500'],
    ] as const) {
      await assert.rejects(ask(ctx, model), { name: 'ModelError', code })
      const line = JSON.parse(lines.pop()!)
      assert.equal(line.level, 40)
      assert.equal(line.requestId, ctx.requestId)
      assert.deepEqual(line.failure, { code, retryable: code === 'unavailable', reason })
      assert.ok(!JSON.stringify(line).includes('provider-key'))
      assert.deepEqual(lines, [])
    }
  } finally {
    await provider.close()
  }
})

test('a retry is answered by the agent that the request names, not by the one of the conversation', async () => {
  const ctx = await makeCaller()
  const first = replyIn(await ask(ctx, sure(1)))
  const other = await createAgent(ctx, { name: 'Billing' })
  const input = { conversation_id: fromWireId('conversation', first.conversation_id)!, agent_id: other.id }
  const once = makeOnce()
  const asked = replyIn(await ask(ctx, sure(1), input, once))
  const again = replyIn(await ask(ctx, sure(1), input, once))
  assert.notEqual(asked.agent_version_id, first.agent_version_id)
  assert.equal(again.agent_version_id, asked.agent_version_id)
})
