import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AppError, notFound } from '../base/errors.ts'
import type { Ctx } from '../domain/context.ts'
import { requireScope } from '../domain/context.ts'
import type { KeyHolder } from '../domain/api-keys/index.ts'
import { authenticate } from './authenticate.ts'
import type { Deps } from './deps.ts'
import type { Call, Endpoint, JsonReply, OnceOnly, Reply } from './endpoint.ts'
import { errorBody, knownError, problemBody, statusOf } from './errors.ts'
import { claimKey, fingerprintOf, type IdempotentRequest, idempotencyKeyOf, type KeptReply, plainText, runInTransaction, sealedText } from './idempotency.ts'
import { createRateLimiter, rateLimitHeaders, type RateLimiter, unlimitedPerMinute } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import { writeFrames } from './sse.ts'
import { requireHttps } from './transport.ts'
import { validate } from './validate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    holder: KeyHolder | null
  }
}

// Enough for a whole office behind one address; it keeps a flood of bad keys from costing more than a counter.
const anonymousPerMinute = 1_200
const requestIdPattern = /^[\w.:-]{1,128}$/

const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && requestIdPattern.test(given) ? given : `req_${randomUUID().replaceAll('-', '')}`

const isStream = (reply: Reply): reply is Extract<Reply, { frames: unknown }> => 'frames' in reply

const contextOf = (deps: Deps, holder: KeyHolder, requestId: string): Ctx => ({
  db: deps.database.workspace(holder.workspaceId),
  workspaceId: holder.workspaceId,
  mode: holder.mode,
  actor: { type: 'api_key', id: holder.keyId, scopes: holder.scopes },
  requestId,
  clock: deps.clock,
  log: deps.log,
})

const limit = (limiter: RateLimiter, deps: Deps, request: FastifyRequest, reply: FastifyReply): void => {
  const { holder } = request
  const perMinute = holder ? (holder.requestsPerMinute ?? unlimitedPerMinute) : anonymousPerMinute
  const buckets = holder
    ? [{ name: `key ${holder.keyId}`, perMinute }, { name: `workspace ${holder.workspaceId}`, perMinute }]
    : [{ name: `address ${request.ip}`, perMinute }]
  const allowance = limiter.take(buckets)
  reply.headers(rateLimitHeaders(allowance, deps.clock.now()))
  if (!allowance.allowed)
    throw new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.', { retryAfter: allowance.retryAfter })
}

/** Before the body is read: who calls, may they, and have they called too often. */
const admit = async (limiter: RateLimiter, deps: Deps, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
  requireHttps(request, deps.settings)
  if (endpoint.access === 'public') return limit(limiter, deps, request, reply)
  try {
    request.holder = await authenticate(request.headers, deps.keyCache)
  } catch (error) {
    limit(limiter, deps, request, reply)
    throw error
  }
  limit(limiter, deps, request, reply)
  if (endpoint.access !== 'any_key') requireScope(contextOf(deps, request.holder, request.id), endpoint.access)
}

const parseParams = (endpoint: Endpoint, params: unknown): unknown => {
  if (!endpoint.params) return undefined
  const parsed = endpoint.params.safeParse(params)
  if (parsed.success) return parsed.data
  throw notFound(endpoint.tag.toLowerCase().replace(/s$/, ''), String(Object.values(params as object)[0] ?? ''))
}

const checkReply = (endpoint: Endpoint, reply: JsonReply): void => {
  const schema = endpoint.responses[reply.status]
  if (schema === undefined) throw new Error(`${endpoint.id} answered ${reply.status}, which it does not declare`)
  if (schema === null ? reply.body !== undefined : !schema.safeParse(reply.body).success)
    throw new Error(`${endpoint.id} answered with a body that does not fit its schema: ${schema?.safeParse(reply.body).error?.message ?? 'no body is declared'}`)
}

const sendKept = (reply: FastifyReply, kept: KeptReply): FastifyReply => {
  reply.code(kept.status)
  if (kept.replayed) reply.header('idempotency-replayed', 'true')
  return kept.text === null ? reply.send() : reply.type('application/json; charset=utf-8').send(kept.text)
}

const headersOf = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]))

const sendReply = async (deps: Deps, endpoint: Endpoint, reply: FastifyReply, made: Reply): Promise<unknown> => {
  if (made.headers) reply.headers(made.headers)
  if (isStream(made)) {
    const { raw } = reply
    await writeFrames(raw, made.frames, { status: made.status, headers: headersOf(reply) })
    return reply.hijack()
  }
  if (deps.settings.checkResponses) checkReply(endpoint, made)
  reply.code(made.status)
  if (made.body === undefined) return reply.send()
  if (typeof made.body === 'string') return reply.send(made.body)
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(made.body))
}

const withoutKey: OnceOnly = { resourceId: null, note: async () => undefined, remember: async () => undefined }

const answer = async (deps: Deps, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
  const params = parseParams(endpoint, request.params)
  const query = endpoint.query ? validate(endpoint.query, request.query) : undefined
  const rawBody = request.body as Buffer | undefined
  const contentType = request.headers['content-type'] ?? ''
  const { body, file } = await readBody(endpoint, rawBody, contentType, deps.settings)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  // A public endpoint never looks at its context: it has no workspace.
  const ctx = request.holder ? contextOf(deps, request.holder, request.id) : (undefined as unknown as Ctx)
  const call = { params, query, body, file, headers: request.headers, deps, signal: gone.signal } as Omit<Call<never, never, never>, 'ctx' | 'once' | 'afterCommit'>
  const committed: (() => void)[] = []
  const runCommitted = () => {
    for (const action of committed) action()
  }
  const run = (within: Ctx, once: OnceOnly = withoutKey) =>
    endpoint.handler({ ...call, ctx: within, once, afterCommit: (action) => committed.push(action) } as Parameters<Endpoint['handler']>[0])

  const key = endpoint.idempotency === 'none' ? undefined : idempotencyKeyOf(request.headers['idempotency-key'])
  if (key === undefined) {
    const made = await run(ctx)
    runCommitted()
    return sendReply(deps, endpoint, reply, made)
  }

  const idempotent: IdempotentRequest = {
    key,
    fingerprint: fingerprintOf(request.method, request.url, contentType, rawBody),
    codec: endpoint.answersSecret ? sealedText(deps.secretBox, `${ctx.workspaceId} ${key}`) : plainText,
  }
  if (endpoint.idempotency === 'transaction') {
    const kept = await runInTransaction(ctx, idempotent, deps.settings.publicUrl, async (within) => {
      const made = await run(within)
      if (isStream(made)) throw new Error(`${endpoint.id} streams, so it cannot run inside a transaction`)
      if (deps.settings.checkResponses) checkReply(endpoint, made)
      return made
    })
    runCommitted()
    return sendKept(reply, kept)
  }
  const claim = await claimKey(ctx, idempotent)
  if ('kept' in claim) return sendKept(reply, claim.kept)
  try {
    const made = await run(ctx, claim.once)
    runCommitted()
    return await sendReply(deps, endpoint, reply, made)
  } finally {
    await claim.release()
  }
}

const sendError = (deps: Deps, request: FastifyRequest, reply: FastifyReply, error: unknown): unknown => {
  const known = knownError(error)
  if (!known) deps.log.error({ err: error, request_id: request.id, method: request.method, route: request.routeOptions.url }, 'a request failed')
  const shown = known ?? new AppError('INTERNAL_ERROR', 'Something went wrong on our side. It has been logged under this request id.')
  if (reply.raw.headersSent) return reply.raw.destroy()
  if (shown.retryAfter !== undefined) reply.header('retry-after', String(shown.retryAfter))
  const asProblem = request.headers.accept?.includes('application/problem+json')
  const body = asProblem ? problemBody(shown, request.id, deps.settings.publicUrl) : errorBody(shown, request.id, deps.settings.publicUrl)
  return reply
    .code(statusOf(shown))
    .type(asProblem ? 'application/problem+json; charset=utf-8' : 'application/json; charset=utf-8')
    .send(JSON.stringify(body))
}

const routePath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

const answerOtherMethods = (app: FastifyInstance, endpoints: readonly Endpoint[], deps: Deps, limiter: RateLimiter): void => {
  for (const [path, declared] of Map.groupBy(endpoints, (endpoint) => routePath(endpoint.path))) {
    const methods: string[] = declared.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allow = [...methods, 'OPTIONS'].join(', ')
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !methods.includes(method))
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      requireHttps(request, deps.settings)
      limit(limiter, deps, request, reply)
      reply.header('allow', allow)
    }
    app.route({ method: 'OPTIONS', url: path, onRequest, handler: async (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).send() })
    app.route({
      method: others,
      url: path,
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        await onRequest(request, reply)
        throw new AppError('METHOD_NOT_ALLOWED', `${request.method} is not allowed here. Allowed: ${allow}.`)
      },
      handler: async () => undefined,
    })
  }
}

/** Builds the HTTP server over the one list of endpoints. Refuses an endpoint that names no access. */
export const createServer = (deps: Deps, endpoints: readonly Endpoint[]): FastifyInstance => {
  const app = Fastify({
    logger: false,
    bodyLimit: deps.settings.bodyLimitBytes,
    genReqId: (raw) => requestIdOf(raw.headers['x-request-id']),
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: (_error, socket) => {
      if (!socket.writable) return
      const body = JSON.stringify(errorBody(new AppError('BAD_REQUEST', 'The request is not valid HTTP.'), requestIdOf(undefined), deps.settings.publicUrl))
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
    },
  })
  const limiter = createRateLimiter(deps.clock)

  app.decorateRequest('holder', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.setErrorHandler((error, request: FastifyRequest, reply: FastifyReply) => sendError(deps, request, reply, error))
  app.setNotFoundHandler({ preValidation: async (request: FastifyRequest, reply: FastifyReply) => limit(limiter, deps, request, reply) }, (request: FastifyRequest, reply: FastifyReply) =>
    sendError(deps, request, reply, new AppError('NOT_FOUND', `There is no ${request.method} ${request.url.split('?')[0]!.slice(0, 200)} here. The endpoints are listed at ${deps.settings.publicUrl}/openapi.json.`)),
  )
  for (const endpoint of endpoints) {
    if (!endpoint.access) throw new Error(`The endpoint ${endpoint.id} names no access.`)
    app.route({
      method: endpoint.method,
      url: routePath(endpoint.path),
      bodyLimit: endpoint.acceptsFile ? deps.settings.uploadLimitBytes : deps.settings.bodyLimitBytes,
      onRequest: (request, reply) => admit(limiter, deps, endpoint, request, reply),
      handler: (request, reply) => answer(deps, endpoint, request, reply),
    })
  }
  answerOtherMethods(app, endpoints, deps, limiter)
  return app
}

