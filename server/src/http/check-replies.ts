import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { FlatError, speaksChatloom } from './dialects/chatloom/refusal.ts'
import type { Endpoint } from './endpoint.ts'
import { ErrorEnvelope, Problem } from './errors.ts'
import { routePath } from './route-path.ts'
import type { SseFrame } from './sse.ts'

const typeOf = (reply: FastifyReply): string => String(reply.getHeader('content-type') ?? '')

// What a schema does not name it drops: then the parsed value differs.
const assertFits = (what: string, schema: z.ZodType, value: unknown): void => {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new Error(`${what} does not fit its schema: ${parsed.error.message}`)
  if (!isDeepStrictEqual(parsed.data, value))
    throw new Error(`${what} holds what its schema does not name: ${JSON.stringify(value).slice(0, 1_000)}`)
}

const failureSchema = (request: FastifyRequest, reply: FastifyReply): z.ZodType => {
  if (typeOf(reply).startsWith('application/problem+json')) return Problem
  return speaksChatloom(request.routeOptions.url ?? request.url) ? FlatError : ErrorEnvelope
}

const checkReply = (endpoint: Endpoint | undefined, request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
  const { statusCode } = reply
  const what = `${endpoint?.id ?? `${request.method} ${request.url}`}: the body of its ${statusCode}`
  const isEmpty = payload === undefined || payload === null || payload === ''
  const declared = endpoint?.responses[statusCode]
  const isFailure = declared === undefined && (statusCode >= 400 || (statusCode >= 300 && !isEmpty))
  if (isFailure) return assertFits(what, failureSchema(request, reply), JSON.parse(String(payload)))
  if (endpoint && declared === undefined)
    throw new Error(`${endpoint.id} answered ${statusCode}, which it does not declare`)
  if (!declared) {
    if (!isEmpty) throw new Error(`${what} is declared as empty`)
  } else if (endpoint?.mediaType || !typeOf(reply).startsWith('application/json')) assertFits(what, declared, payload)
  else assertFits(what, declared, JSON.parse(String(payload)))
}

/**
 * Makes every answer that is not what is declared a 500: of an endpoint or a failure, new or kept under an idempotency key,
 * in our words or a dialect's. Streams are checked frame by frame.
 */
export const checkReplies = (app: FastifyInstance, endpoints: readonly Endpoint[]): void => {
  const declared = new Map(endpoints.map((endpoint) => [`${endpoint.method} ${routePath(endpoint.path)}`, endpoint]))
  const refused = new WeakSet<FastifyRequest>()
  app.addHook('onSend', async (request, reply, payload) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (refused.has(request)) return payload
    try {
      checkReply(declared.get(`${method} ${request.routeOptions.url}`), request, reply, payload)
    } catch (error) {
      // The 500 that follows must not be refused as well, or nothing would ever be answered.
      refused.add(request)
      throw error
    }
    return payload
  })
}

/** The same frames; one that is not what its endpoint declares ends them with an error. */
export const checkedFrames = async function* (
  endpoint: Endpoint,
  frames: AsyncIterable<SseFrame>,
): AsyncIterable<SseFrame> {
  if (!endpoint.streams) throw new Error(`${endpoint.id} answered with a stream, which it does not declare`)
  for await (const frame of frames) {
    if (!('comment' in frame)) {
      const text = 'text' in frame ? frame.text : JSON.stringify(frame.data)
      assertFits(`${endpoint.id}: the frame '${frame.event}'`, endpoint.streams, JSON.parse(text))
    }
    yield frame
  }
}
