import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  extractReasoningMiddleware,
  type LanguageModelUsage,
  streamText,
  type TextStreamPart,
  type ToolSet,
  wrapLanguageModel,
} from 'ai'
import { type Model, ModelError, type ModelPart, type ModelRequest, type TokenUsage } from '../model.ts'
import { buildPrompt } from './prompt.ts'
import { createMarkerReader, type MarkerReader } from './read-markers.ts'
import { toModelError } from './to-model-error.ts'

export type AiSdkModelOptions = {
  /** Root of an OpenAI-compatible API, for example `http://localhost:11434/v1`. */
  baseUrl: string
  /** `null` for servers that ask for none. */
  apiKey: string | null
  model: string
  /** Longest silence of the provider, before its first byte and between two chunks, in milliseconds. Default 30,000. */
  timeoutMs?: number
}

/** An answer this long is a model repeating itself, not an answer to a customer. */
const maxAnswerCharacters = 20_000

/**
 * Answers through any server speaking `/chat/completions`. A caller's abort ends the stream quietly, without `finish`.
 *
 * @throws ModelError `unavailable`, `rate_limited`, `rejected`, `timeout` or `invalid_output`
 */
export function createAiSdkModel(options: AiSdkModelOptions): Model {
  const provider = createOpenAICompatible({
    name: 'provider',
    baseURL: options.baseUrl,
    includeUsage: true,
    ...(options.apiKey === null ? {} : { apiKey: options.apiKey }),
  })
  const languageModel = wrapLanguageModel({
    model: provider.chatModel(options.model),
    middleware: extractReasoningMiddleware({ tagName: 'think' }),
  })
  return {
    mode: 'llm',
    name: options.model,
    async *answer(request) {
      if (request.signal.aborted) return
      const silence = createSilenceLimit(options.timeoutMs ?? 30_000)
      try {
        yield* answerOnce(languageModel, request, silence)
      } catch (error) {
        if (request.signal.aborted) return
        throw silence.signal.aborted ? timedOut() : toModelError(error)
      } finally {
        silence.stop()
      }
    },
  }
}

async function* answerOnce(
  model: ReturnType<typeof wrapLanguageModel>,
  request: ModelRequest,
  silence: SilenceLimit,
): AsyncGenerator<ModelPart> {
  const reader = createMarkerReader(new Set(request.passages.map((passage) => passage.index)))
  const stopped = new AbortController()
  let length = 0
  silence.start()
  const { stream } = streamText({
    model,
    ...buildPrompt(request),
    abortSignal: AbortSignal.any([request.signal, silence.signal, stopped.signal]),
    // A hidden retry would double the customer's wait unseen; the caller knows whether there is time for another.
    maxRetries: 0,
    telemetry: { isEnabled: false },
    onError: () => undefined,
  })
  try {
    let usage: TokenUsage | undefined
    let spoke = false
    for await (const part of stream) {
      silence.stop()
      if (part.type === 'error') throw part.error
      if (part.type === 'text-delta') length += part.text.length
      if (length > maxAnswerCharacters) throw invalidOutput('The model did not stop talking.')
      for (const said of readPart(part, reader)) {
        spoke = true
        yield said
      }
      if (part.type === 'finish') usage = toTokenUsage(part.totalUsage)
      silence.start()
    }
    if (request.signal.aborted) return
    if (silence.signal.aborted) throw timedOut()
    if (usage === undefined || !spoke) throw invalidOutput('The model said nothing.')
    yield { type: 'finish', confidence: null, usage }
  } finally {
    stopped.abort()
  }
}

function readPart(part: TextStreamPart<ToolSet>, reader: MarkerReader): ModelPart[] {
  if (part.type === 'text-delta') return reader.read(part.text)
  if (part.type !== 'finish') return []
  const rest = reader.end()
  return part.finishReason === 'content-filter' ? [...rest, { type: 'decline', reason: 'unsupported' }] : rest
}

function toTokenUsage(usage: LanguageModelUsage): TokenUsage {
  return { promptTokens: usage.inputTokens ?? 0, completionTokens: usage.outputTokens ?? 0 }
}

type SilenceLimit = { signal: AbortSignal; start(): void; stop(): void }

function createSilenceLimit(timeoutMs: number): SilenceLimit {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  return {
    signal: controller.signal,
    start() {
      stop()
      timer = setTimeout(() => controller.abort(), timeoutMs)
    },
    stop,
  }
}

function timedOut(): ModelError {
  return new ModelError('timeout', 'The provider was silent for too long.', { retryable: true })
}

function invalidOutput(message: string): ModelError {
  return new ModelError('invalid_output', message, { retryable: true })
}
