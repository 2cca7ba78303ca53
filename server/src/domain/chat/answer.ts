import { newId } from '../../base/ids.ts'
import { type DeclineReason, type Model, ModelError, type ModelPart, type ModelRequest } from '../../models/model.ts'
import { handoffMessageOf } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { awaitFirst } from './await-first.ts'
import type { GroundedText } from './evidence.ts'
import { type GroundingEnd, groundAnswer } from './grounded-answer.ts'
import { type ChatInput, type Once, openTurn } from './open-turn.ts'
import { brokenOff, type Part } from './parts-of-message.ts'
import { passOn } from './pass-on.ts'
import { prepareRequest } from './prepare-request.ts'
import { citationsOf } from './read-passages.ts'
import { type Draft, emptyEnd, startPart } from './reply.ts'
import { type Remember, storeAnswer } from './store-answer.ts'

/** What the pipeline needs from outside. */
export type AnswerDeps = {
  models: { default: Model; extractive: Model }
  once: Once
  remember: Remember
  /** The reader went away. */
  gone: AbortSignal
  /** The server is asked to stop. */
  stopping: AbortSignal
}

// The provider's own words stay out of the log: they may repeat the key or the prompt.
const warn = ({ log, requestId, workspaceId }: Ctx, model: Model, { code, retryable, message, cause }: ModelError) => {
  const system = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const failure = { code, retryable, reason: message.split(': ')[0], ...(typeof system === 'string' ? { system } : {}) }
  log.warn({ requestId, workspaceId, mode: model.mode, model: model.name, failure }, 'the language model failed')
}

const begin = async (ctx: Ctx, model: Model, request: ModelRequest): Promise<AsyncIterable<ModelPart>> => {
  try {
    return await awaitFirst(model.answer(request))
  } catch (error) {
    if (error instanceof ModelError) warn(ctx, model, error)
    throw error
  }
}

/** Yields what the passages support as it comes; ends with what became of the model's stream. */
async function* draft(
  grounding: AsyncGenerator<GroundedText, GroundingEnd>,
  signal: AbortSignal,
): AsyncGenerator<GroundedText, GroundingEnd | ModelError> {
  try {
    for (;;) {
      const next = await grounding.next()
      if (signal.aborted) return emptyEnd
      if (next.done) return next.value
      yield next.value
    }
  } catch (error) {
    if (signal.aborted) return emptyEnd
    if (error instanceof ModelError) return error
    throw error
  }
}

const reasonFor = (end: GroundingEnd, threshold: number): DeclineReason | null =>
  end.declined ?? (end.confidence !== null && end.confidence < threshold ? 'low_confidence' : null)

/**
 * Answers one message of a customer: stores it, finds what the workspace knows, lets the model draft, sends only what the
 * passages support, and hands over to a person otherwise. No transaction is open while the model speaks; what was said is
 * stored also when the reader leaves. Throws ModelError before the first part only; a later failure is a part.
 */
export async function* answer(ctx: Ctx, input: ChatInput, deps: AnswerDeps): AsyncGenerator<Part> {
  requireScope(ctx, 'chat:write')
  const turn = await openTurn(ctx, input, deps.once)
  const { configuration } = turn.agent
  const model = configuration.model === 'extractive' ? deps.models.extractive : deps.models.default
  if (turn.conversation.handoff_state === 'active') return yield* passOn(ctx, turn, model, deps.remember)

  const signal = AbortSignal.any([deps.gone, deps.stopping])
  const { request, passages } = await prepareRequest(ctx, turn, input, signal)
  // An extractive answer is one quotation with one confidence: it is judged before any of it is said.
  const whole = model.mode === 'extractive'
  const parts = await begin(ctx, model, request)
  const said: Draft = { messageId: newId(), content: '', citations: [], status: 'complete', end: emptyEnd }
  let started = false

  const say = function* ({ text }: { text: string }, grounded?: GroundedText): Generator<Part> {
    if (!started) yield startPart(turn, model, said.messageId, 'assistant')
    started = true
    said.content += text
    const citations = grounded
      ? citationsOf(grounded, passages, { from: said.citations.length + 1, at: said.content.length })
      : []
    said.citations.push(...citations)
    yield { type: 'text-delta', text }
    for (const citation of citations) yield { type: 'citation', citation }
  }

  const held: GroundedText[] = []
  const drafting = draft(
    groundAnswer(
      parts,
      passages.map(({ evidence }) => evidence),
      { whole },
    ),
    signal,
  )
  let next = await drafting.next()
  for (; !next.done; next = await drafting.next()) {
    if (whole) held.push(next.value)
    else yield* say(next.value, next.value)
  }
  const failure = next.value instanceof ModelError ? next.value : undefined
  if (failure) warn(ctx, model, failure)
  if (!(next.value instanceof ModelError)) said.end = next.value
  if (signal.aborted || failure) said.status = 'aborted'

  if (said.status === 'aborted' && !started) {
    if (failure) throw failure
    if (deps.stopping.aborted) yield brokenOff
    return
  }
  // Words that were streamed cannot be taken back: too little confidence in them asks for a person all the same.
  const reason = said.status === 'aborted' ? null : reasonFor(said.end, configuration.thresholds.answer)
  if (reason === null) for (const grounded of held) yield* say(grounded, grounded)
  else if (!started) yield* say({ text: handoffMessageOf(configuration, reason) })

  const reply = await storeAnswer(ctx, turn, model, { draft: said, reason, remember: deps.remember })
  if (reply.handoff) yield { type: 'handoff', handoff: reply.handoff }
  if (said.status === 'aborted') yield brokenOff
  yield { type: 'message-end', message: reply }
}
