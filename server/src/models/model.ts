/** A passage of the workspace's own knowledge, as retrieval found it. `index` counts from 1 and is all a model may cite by. */
export type Passage = {
  index: number
  /** Name of the source and the heading path of the chunk, for the model's orientation only. */
  sourceName: string
  title: string
  text: string
  /** BM25 score of the passage against the question; comparable only within one request. */
  score: number
}

export type Turn = { role: 'customer' | 'agent'; text: string }

export type ModelRequest = {
  instructions: string
  /** Earlier turns since the last resolve, oldest first; never contains the question itself. */
  history: Turn[]
  question: string
  /** Facts about the customer handed in by the caller, as JSON text. Data, never instructions. */
  context: string | null
  /** Best first. May be empty. */
  passages: Passage[]
  signal: AbortSignal
}

export type DeclineReason = 'not_covered' | 'low_confidence' | 'asked_for_person' | 'unsupported'

export type TokenUsage = { promptTokens: number; completionTokens: number }

/**
 * What a model says, in order. A `citation` supports the text since the previous citation-bearing sentence end;
 * `start`/`end` are offsets into the passage's text when the model knows the exact span (extractive), else null.
 * Exactly one `finish` comes last, unless the stream throws `ModelError` or the caller aborts: then it just ends.
 * A `decline` may follow text that was already said.
 */
export type ModelPart =
  | { type: 'text-delta'; text: string }
  | { type: 'citation'; passage: number; start: number | null; end: number | null }
  | { type: 'decline'; reason: DeclineReason }
  | { type: 'finish'; confidence: number | null; usage: TokenUsage }

export type ModelMode = 'extractive' | 'llm' | 'scripted'

export type Model = {
  mode: ModelMode
  /** Name stored with every message this model produced, for example `extractive` or `llama-3.3-70b`. */
  name: string
  answer(request: ModelRequest): AsyncIterable<ModelPart>
}

export type ModelErrorCode = 'unavailable' | 'rate_limited' | 'rejected' | 'timeout' | 'invalid_output'

/** A provider failed. `retryable` says whether the same request may succeed later. */
export class ModelError extends Error {
  readonly code: ModelErrorCode
  readonly retryable: boolean
  constructor(code: ModelErrorCode, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.name = 'ModelError'
    this.code = code
    this.retryable = options.retryable
  }
}
