import { AppError } from '../../base/errors.ts'
import { fromWireId } from '../../base/ids.ts'
import {
  answer,
  ChatPart,
  ChatReply,
  ChatRequest,
  findReply,
  type Part,
  partsOfMessage,
  type Reply,
} from '../../domain/chat/index.ts'
import type { Ctx } from '../../domain/context.ts'
import { ModelError } from '../../models/model.ts'
import { defineEndpoint, type JsonReply, ok, type StreamReply } from '../endpoint.ts'
import type { SseFrame } from '../sse.ts'

const unavailable = (cause: unknown, retryAfter?: number) =>
  new AppError('SERVICE_UNAVAILABLE', 'The language model is not available right now. Ask again in a moment.', {
    cause,
    ...(retryAfter ? { retryAfter } : {}),
  })

const wantsStream = (asked: boolean | undefined, accept: string | string[] | undefined): boolean =>
  asked ?? String(accept ?? '').includes('text/event-stream')

async function* framesOf(parts: AsyncIterable<Part> | Iterable<Part>, after = 0): AsyncGenerator<SseFrame> {
  let messageId = ''
  let number = 0
  try {
    for await (const part of parts) {
      if (part.type === 'message-start') messageId = part.message_id
      if (++number > after) yield { id: messageId && `${messageId}:${number}`, event: part.type, data: part }
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
const resume = async (ctx: Ctx, lastEventId: string): Promise<StreamReply> => {
  const [wireId = '', number = ''] = lastEventId.split(':')
  const id = fromWireId('message', wireId)
  if (id === undefined || !/^\d{1,6}$/.test(number))
    throw new AppError('BAD_REQUEST', 'Last-Event-ID is not the id of a frame of this stream.', {
      param: 'Last-Event-ID',
    })
  return { status: 200, frames: framesOf(partsOfMessage(await findReply(ctx, id)), Number(number)) }
}

export const chatEndpoints = [
  defineEndpoint({
    id: 'chat_send',
    method: 'POST',
    path: '/v1/chat',
    access: 'chat:write',
    tag: 'Chat',
    summary: 'Ask an agent, as a customer would',
    description:
      'Answers with citations that resolve to stored text, or hands over to a person. With `stream: true` or `Accept: text/event-stream` the answer comes as Server-Sent Events, one part a frame; to get the rest of a stream that broke, send the same request with `Last-Event-ID`. With an Idempotency-Key a repeated request gets the finished answer as JSON.',
    body: ChatRequest,
    responses: { 200: ChatReply },
    streams: ChatPart,
    errors: [404, 409, 503],
    idempotency: 'outside',
    handler: async ({ ctx, body, headers, deps, signal, once }): Promise<JsonReply | StreamReply> => {
      const lastEventId = headers['last-event-id']
      if (typeof lastEventId === 'string') return resume(ctx, lastEventId)
      const parts = answer(ctx, body, {
        models: deps.models,
        once,
        remember: (db, reply) => once.remember(db, { status: 200, body: reply }),
        gone: signal,
        stopping: deps.stopping,
      })
      if (wantsStream(body.stream, headers.accept)) return { status: 200, frames: framesOf(parts) }
      try {
        return ok(await collect(parts))
      } catch (error) {
        if (error instanceof ModelError) throw unavailable(error, error.retryable ? 5 : undefined)
        throw error
      }
    },
  }),
]
