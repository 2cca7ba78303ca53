import type { FastifyReply, FastifyRequest } from 'fastify'

const allowedHeaders = 'Authorization, X-API-Key, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id'
const exposedHeaders =
  'X-Request-Id, Retry-After, Idempotency-Replayed, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset'
// As long as browsers keep it.
const preflightSeconds = 7_200

/** Whether pages of other sites may speak to this path at all. */
export const isWidgetPath = (path: string): boolean => path.startsWith('/widget/')

/** Lets the page that asks read the answer: exactly its origin, never `*`, and no cookies. */
export const shareWithOrigin = (request: FastifyRequest, reply: FastifyReply): void => {
  const { origin } = request.headers
  reply.header('vary', 'Origin')
  if (origin === undefined) return
  reply.header('access-control-allow-origin', origin)
  reply.header('access-control-expose-headers', exposedHeaders)
}

/** Answers a preflight. It carries no credential, so it can only say what may be asked; the request itself is judged. */
export const answerPreflight = (request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void => {
  reply.header('vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
  if (request.headers.origin === undefined) return
  reply.header('access-control-allow-origin', request.headers.origin)
  reply.header('access-control-allow-methods', methods.join(', '))
  reply.header('access-control-allow-headers', allowedHeaders)
  reply.header('access-control-max-age', String(preflightSeconds))
}
