import { newId, toWireId } from '../../base/ids.ts'
import { redact } from '../../base/redact.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type DeclineReason, type Model, ModelError, type ModelPart, type ModelRequest } from '../../models/model.ts'
import { configurationOf } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { historyOf, insertMessage, requestHandoff } from '../conversations/index.ts'
import { type GroundedText, type GroundingEnd, groundAnswer } from './grounded-answer.ts'
import { type ChatInput, type Once, openTurn, type Turn } from './open-turn.ts'
import type { Part, Reply } from './parts-of-message.ts'
import { citationsOf, type FoundPassage, readPassages } from './read-passages.ts'

/** What the pipeline needs from outside; `remember` stores the reply under the caller's idempotency key, if there is one. */
export type AnswerDeps = {
  models: { default: Model; extractive: Model }
  once: Once
  remember(db: Db, reply: Reply): Promise<void>
  /** The reader went away. */
  gone: AbortSignal
  /** The server is asked to stop. */
  stopping: AbortSignal
}

const historyLimit = 20
// Numbers that identify people and keys help no model to answer; the text itself is stored as it was said.
const hiddenFromModels = ['secret', 'card', 'iban', 'ssn'] as const

const forModel = (text: string): string => redact(text, hiddenFromModels).text

type Draft = { messageId: string; content: string; citations: Reply['citations']; status: 'complete' | 'aborted'; end: GroundingEnd }

const emptyEnd: GroundingEnd = { declined: null, confidence: null, usage: { promptTokens: 0, completionTokens: 0 } }

const startPart = (turn: Turn, messageId: string, model: Model, role: 'assistant' | 'user'): Part => ({
  type: 'message-start',
  conversation_id: toWireId('conversation', turn.conversation.id),
  message_id: toWireId('message', messageId),
  role,
  mode: model.mode,
  agent_version_id: toWireId('agentVersion', turn.agent.current_version_id),
})

const replyOf = (turn: Turn, model: Model, message: { id: string; role: Reply['role']; at: Date }, draft: Omit<Draft, 'messageId'>, handoff: Reply['handoff']): Reply => ({
  conversation_id: toWireId('conversation', turn.conversation.id),
  message_id: toWireId('message', message.id),
  role: message.role,
  content: draft.content,
  created_at: message.at.toISOString(),
  usage: {
    prompt_tokens: draft.end.usage.promptTokens,
    completion_tokens: draft.end.usage.completionTokens,
    total_tokens: draft.end.usage.promptTokens + draft.end.usage.completionTokens,
  },
  status: draft.status,
  mode: model.mode,
  confidence: draft.end.confidence,
  citations: draft.citations,
  handoff,
  agent_version_id: toWireId('agentVersion', turn.agent.current_version_id),
})

/** Stores what the agent said, its hand-off and the reply under its key: all of it or nothing. */
const store = async (ctx: Ctx, turn: Turn, model: Model, draft: Draft, reason: DeclineReason | null, remember: AnswerDeps['remember']): Promise<Reply> =>
  transaction(ctx.db, async (tx) => {
    const handoff = reason === null ? null : ({ state: 'requested', reason } as const)
    const message = await insertMessage(ctx, tx, {
      id: draft.messageId,
      conversation: turn.conversation,
      role: 'assistant',
      author: `agent:${toWireId('agent', turn.agent.id)}`,
      content: draft.content,
      status: draft.status,
      inReplyTo: turn.question.id,
      agentVersionId: turn.agent.current_version_id,
      mode: model.mode,
      model: model.name,
      confidence: draft.end.confidence,
      citations: draft.citations,
      handoff,
      usage: draft.end.usage,
    })
    if (reason !== null) await requestHandoff(ctx, tx, turn.conversation, reason)
    const reply = replyOf(turn, model, { id: message.id, role: 'assistant', at: message.created_at }, draft, handoff)
    await remember(tx, reply)
    return reply
  })

// While a person is answering, the agent keeps quiet: the question is passed on and the caller is told so.
async function* passOn(ctx: Ctx, turn: Turn, model: Model, { remember }: AnswerDeps): AsyncGenerator<Part> {
  const handoff = { state: 'active', reason: turn.conversation.handoff_reason ?? 'asked_for_person' } as const
  const reply = replyOf(
    turn,
    model,
    { id: turn.question.id, role: 'user', at: turn.question.created_at },
    { content: turn.question.content, citations: [], status: 'complete', end: emptyEnd },
    handoff,
  )
  await transaction(ctx.db, (tx) => remember(tx, reply))
  yield startPart(turn, turn.question.id, model, 'user')
  yield { type: 'handoff', handoff }
  yield { type: 'message-end', message: reply }
}

const modelRequest = async (ctx: Ctx, turn: Turn, input: ChatInput, signal: AbortSignal): Promise<{ request: ModelRequest; passages: FoundPassage[] }> => {
  const { instructions, knowledge_source_ids } = configurationOf(turn.agent)
  const earlier = await historyOf(ctx.db, ctx.workspaceId, turn.conversation.id, { limit: historyLimit })
  const history = earlier
    .filter(({ id }) => id < turn.question.id)
    .map(({ role, content }) => ({ role: role === 'user' ? ('customer' as const) : ('agent' as const), text: forModel(content) }))
  const question = forModel(turn.question.content)
  const passages = await readPassages(ctx, { question, history, sourceIds: knowledge_source_ids })
  const context = input.context ? forModel(JSON.stringify(input.context)) : null
  return { request: { instructions, history, question, context, passages, signal }, passages }
}

/** Waits for the first part, so that a provider that is down fails the request instead of breaking a stream. */
const begin = async (parts: AsyncIterable<ModelPart>): Promise<AsyncIterable<ModelPart>> => {
  const iterator = parts[Symbol.asyncIterator]()
  let first: IteratorResult<ModelPart> | undefined = await iterator.next()
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const next = first ?? (await iterator.next())
        first = undefined
        return next
      },
      return: async () => iterator.return?.() ?? { done: true, value: undefined },
    }),
  }
}

/**
 * Answers one message of a customer: stores it, finds what the workspace knows, lets the model draft, sends only what the
 * passages support, and hands over to a person otherwise. No transaction is open while the model speaks; what was said is
 * stored also when the reader leaves. Throws ModelError before the first part only; later failures are a part.
 */
export async function* answer(ctx: Ctx, input: ChatInput, deps: AnswerDeps): AsyncGenerator<Part> {
  requireScope(ctx, 'chat:write')
  const turn = await openTurn(ctx, input, deps.once)
  const configuration = configurationOf(turn.agent)
  const model = configuration.model === 'extractive' ? deps.models.extractive : deps.models.default
  if (turn.conversation.handoff_state === 'active') return yield* passOn(ctx, turn, model, deps)

  const signal = AbortSignal.any([deps.gone, deps.stopping])
  const { request, passages } = await modelRequest(ctx, turn, input, signal)
  const whole = model.mode === 'extractive'
  const stream = groundAnswer(await begin(model.answer(request)), passages.map(({ evidence }) => evidence), { whole })
  const draft: Draft = { messageId: newId(), content: '', citations: [], status: 'complete', end: emptyEnd }
  let failure: ModelError | undefined
  let started = false

  const say = function* (grounded: GroundedText): Generator<Part> {
    if (!started) yield startPart(turn, draft.messageId, model, 'assistant')
    started = true
    draft.content += grounded.text
    const citations = citationsOf(grounded, passages, { from: draft.citations.length + 1, at: draft.content.length })
    draft.citations.push(...citations)
    yield { type: 'text-delta', text: grounded.text }
    for (const citation of citations) yield { type: 'citation', citation }
  }

  const held: GroundedText[] = []
  try {
    for (let next = await stream.next(); ; next = await stream.next()) {
      if (next.done) {
        draft.end = next.value
        break
      }
      if (whole) held.push(next.value)
      else yield* say(next.value)
      if (signal.aborted) break
    }
  } catch (error) {
    if (!(error instanceof ModelError) && !signal.aborted) throw error
    if (error instanceof ModelError && !signal.aborted) failure = error
  }
  if (signal.aborted || failure) draft.status = 'aborted'

  const unsure = draft.end.declined === null && draft.end.confidence !== null && draft.end.confidence < configuration.thresholds.answer
  const reason: DeclineReason | null = draft.status === 'aborted' ? null : (draft.end.declined ?? (unsure && !started ? 'low_confidence' : null))
  if (reason === null) for (const grounded of held) yield* say(grounded)

  if (failure && !started) throw failure
  if (draft.status === 'aborted' && !started) {
    if (deps.stopping.aborted) yield { type: 'error', code: 'SERVICE_UNAVAILABLE', message: 'The server is shutting down. Ask again.', retryable: true }
    return
  }
  if (reason !== null && !started) {
    yield startPart(turn, draft.messageId, model, 'assistant')
    draft.content = configuration.handoff_message
    yield { type: 'text-delta', text: draft.content }
  }
  const reply = await store(ctx, turn, model, draft, reason, draft.status === 'complete' ? deps.remember : async () => undefined)
  if (reply.handoff) yield { type: 'handoff', handoff: reply.handoff }
  if (failure) yield { type: 'error', code: 'SERVICE_UNAVAILABLE', message: 'The model stopped before the answer was complete.', retryable: failure.retryable }
  if (deps.stopping.aborted) yield { type: 'error', code: 'SERVICE_UNAVAILABLE', message: 'The server is shutting down. What was said so far is kept.', retryable: true }
  yield { type: 'message-end', message: reply }
}
