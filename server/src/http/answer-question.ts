import { AppError } from '../base/errors.ts'
import { fromWireId } from '../base/ids.ts'
import { answer, type ChatInput, findReply, type Part, partsOfMessage, type Reply } from '../domain/chat/index.ts'
import type { Ctx } from '../domain/context.ts'
import { ModelError } from '../models/model.ts'
import { type Call, type JsonReply, ok, type StreamReply } from './endpoint.ts'
import type { SseFrame } from './sse.ts'

/** What a caller gets to see of an answer. */
export type Shown = { part(part: Part): { type: string }; reply(reply: Reply): unknown }

const unavailable = (cause: unknown, retryAfter?: number) =>
  new AppError('SERVICE_UNAVAILABLE', 'The language model is not available right now. Ask again in a moment.', {
    cause,
    ...(retryAfter ? { retryAfter } : {}),
  })

const wantsStream = (asked: boolean | undefined, accept: string | string[] | undefined): boolean =>
  asked ?? String(accept ?? '').includes('text/event-stream')

async function* framesOf(
  parts: AsyncIterable<Part> | Iterable<Part>,
  shown: Shown,
  after = 0,
): AsyncGenerator<SseFrame> {
  let messageId = ''
  let number = 0
  try {
    for await (const part of parts) {
      if (part.type === 'message-start') messageId = part.message_id
      if (++number > after)
        yield { id: messageId && `${messageId}:${number}`, event: part.type, data: shown.part(part) }
    }
  } catch (error) {
    if (error instanceof ModelError) throw unavailable(error, error.retryable ? 5 : undefined)
    throw error
  }
}

const collect = async (parts: AsyncIterable<Part>): Promise<Reply> => {
  let failure: Extract<Part, { type: 'error' }> | undefined
  for await (const part of parts) {
    if (part.type === 'error') failure = part
    if (part.type === 'message-end' && !failure) return part.message
  }
  throw new AppError('SERVICE_UNAVAILABLE', failure?.message ?? 'The answer was not completed.', { retryAfter: 5 })
}

// The rest of an answer whose stream broke: the reader names the last frame it saw.
const resume = async (ctx: Ctx, lastEventId: string, shown: Shown): Promise<StreamReply> => {
  const [wireId = '', number = ''] = lastEventId.split(':')
  const id = fromWireId('message', wireId)
  if (id === undefined || !/^\d{1,6}$/.test(number))
    throw new AppError('BAD_REQUEST', 'Last-Event-ID is not the id of a frame of this stream.', {
      param: 'Last-Event-ID',
    })
  return { status: 200, frames: framesOf(partsOfMessage(await findReply(ctx, id)), shown, Number(number)) }
}

type Asked = Pick<Call<undefined, undefined, undefined>, 'ctx' | 'headers' | 'deps' | 'signal' | 'once'>

/** Answers a question as JSON or as a stream, or sends the rest of an answer whose stream broke. */
export const answerQuestion = async (
  { ctx, headers, deps, signal, once }: Asked,
  question: ChatInput,
  shown: Shown,
): Promise<JsonReply | StreamReply> => {
  const lastEventId = headers['last-event-id']
  if (typeof lastEventId === 'string') return resume(ctx, lastEventId, shown)
  const parts = answer(ctx, question, {
    models: deps.models,
    once,
    remember: (db, reply) => once.remember(db, { status: 200, body: shown.reply(reply) }),
    gone: signal,
    stopping: deps.stopping,
  })
  if (wantsStream(question.stream, headers.accept)) return { status: 200, frames: framesOf(parts, shown) }
  try {
    return ok(shown.reply(await collect(parts)))
  } catch (error) {
    if (error instanceof ModelError) throw unavailable(error, error.retryable ? 5 : undefined)
    throw error
  }
}
