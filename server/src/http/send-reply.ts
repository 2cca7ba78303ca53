import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkedFrames } from './check-replies.ts'
import type { Deps } from './deps.ts'
import { type Endpoint, isStream, type Reply } from './endpoint.ts'
import type { ErrorBody } from './errors.ts'
import type { KeptReply } from './idempotency.ts'
import { sendErrorBody } from './send-error.ts'
import { writeFrames, writeHead } from './sse.ts'

/** Sends an answer that is kept under an idempotency key, told for the first time or again. */
export const sendKept = (request: FastifyRequest, reply: FastifyReply, kept: KeptReply): FastifyReply => {
  reply.code(kept.status)
  if (kept.replayed) reply.header('idempotency-replayed', 'true')
  if (kept.text === null) return reply.send()
  if (kept.status >= 400) return sendErrorBody(request, reply, JSON.parse(kept.text) as ErrorBody)
  return reply.type('application/json; charset=utf-8').send(kept.text)
}

const headersOf = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]))

/** Sends what a handler made: JSON, text, nothing or a stream. */
export const sendReply = async (deps: Deps, endpoint: Endpoint, reply: FastifyReply, made: Reply): Promise<unknown> => {
  if (made.headers) reply.headers(made.headers)
  if (isStream(made)) {
    const { raw } = reply
    const frames = deps.settings.checkResponses ? checkedFrames(endpoint, made.frames) : made.frames
    const head = { status: made.status, headers: headersOf(reply), stalledMs: made.stalledMs }
    if (reply.request.method === 'HEAD') writeHead(raw, head).end()
    else await writeFrames(raw, frames, head)
    return reply.hijack()
  }
  reply.code(made.status)
  if (made.body === undefined) return reply.send()
  if (typeof made.body === 'string' || Buffer.isBuffer(made.body)) return reply.send(made.body)
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(made.body))
}
