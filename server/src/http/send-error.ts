import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { refusalOf, speaksChatloom } from './dialects/chatloom/refusal.ts'
import { type ErrorBody, errorBody, knownError, problemOf } from './errors.ts'
import type { Kernel } from './kernel.ts'
import { anonymousBucket } from './limit.ts'
import { rateLimitHeaders } from './rate-limit.ts'

const wantsProblem = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('application/problem+json') ?? false

/** Sends an error body as the caller asked for it: our envelope, or RFC 9457. */
export const sendErrorBody = (request: FastifyRequest, reply: FastifyReply, body: ErrorBody): FastifyReply => {
  request.errorCode = body.error.code
  const asProblem = wantsProblem(request)
  // HTTP wants an answer of 426 to say what to change to.
  if (body.error.status === 426) reply.headers({ connection: 'upgrade', upgrade: 'TLS/1.2, HTTP/1.1' })
  return reply
    .code(body.error.status)
    .type(asProblem ? 'application/problem+json; charset=utf-8' : 'application/json; charset=utf-8')
    .send(JSON.stringify(asProblem ? problemOf(body) : body))
}

const sendRefusal = (request: FastifyRequest, reply: FastifyReply, body: ErrorBody, publicUrl: string) => {
  const host = publicUrl.startsWith('https:') ? new URL(publicUrl).host : request.host
  const refusal = refusalOf(body, request, host)
  return reply
    .code(refusal.status)
    .headers(refusal.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(refusal.body))
}

/** Answers with whatever went wrong; what nobody foresaw is logged and told as INTERNAL_ERROR. */
export const sendError = (
  kernel: Kernel,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply => {
  const { deps, limiter } = kernel
  const known = knownError(error)
  if (!known || (known.code === 'SERVICE_UNAVAILABLE' && known.cause))
    deps.log.error(
      { err: error, request_id: request.id, method: request.method, route: request.routeOptions?.url },
      'a request failed',
    )
  const shown =
    known ??
    new AppError('INTERNAL_ERROR', 'Something went wrong on our side. It has been logged under this request id.')
  request.errorCode = shown.code
  if (reply.raw.headersSent) {
    // A stream broke off in the middle: only a connection cut behind the last frame tells its reader so.
    reply.raw.socket?.destroySoon()
    return reply.hijack()
  }
  reply.header('x-request-id', request.id)
  // What failed before it was counted still says how much is left.
  if (!reply.hasHeader('x-ratelimit-limit'))
    reply.headers(rateLimitHeaders(limiter.peek(anonymousBucket(kernel, request)), deps.clock.now()))
  if (shown.retryAfter !== undefined) reply.header('retry-after', String(shown.retryAfter))
  const { publicUrl } = deps.settings
  const body = errorBody(shown, request.id, publicUrl)
  return speaksChatloom(request.routeOptions?.url ?? request.url)
    ? sendRefusal(request, reply, body, publicUrl)
    : sendErrorBody(request, reply, body)
}
