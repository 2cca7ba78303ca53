import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AppError, notFound } from '../base/errors.ts'
import type { Actor, Ctx } from '../domain/context.ts'
import { actorName, requireScope } from '../domain/context.ts'
import { authenticate, type Holder } from './authenticate.ts'
import type { Deps } from './deps.ts'
import { atEveryPath } from './dialects/at-every-path.ts'
import { refusalOf, speaksChatloom } from './dialects/chatloom/refusal.ts'
import type { Call, Endpoint, JsonReply, OnceOnly, Reply } from './endpoint.ts'
import { type ErrorBody, errorBody, knownError, problemOf } from './errors.ts'
import {
  claimKey,
  fingerprintOf,
  type IdempotentRequest,
  idempotencyKeyOf,
  type KeptReply,
  plainText,
  runInTransaction,
  sealedText,
} from './idempotency.ts'
import { logRequest } from './log-request.ts'
import { createRateLimiter, type RateLimiter, rateLimitHeaders, unlimitedPerMinute } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import { writeFrames } from './sse.ts'
import { createTransport, type Transport } from './transport.ts'
import { refuseNul, validate } from './validate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    holder: Holder | null
    /** Code of the error it was answered with. */
    errorCode: string | null
  }
}

// Enough for a whole office behind one address; it keeps a flood of bad keys from costing more than a counter.
const anonymousPerMinute = 1_200
// Pages and health checks cost little, and must not be lost to whoever guesses keys from the same address.
const publicPerMinute = 12_000
const requestIdPattern = /^[\w.:-]{1,128}$/

const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && requestIdPattern.test(given) ? given : `req_${randomUUID().replaceAll('-', '')}`

const isStream = (reply: Reply): reply is Extract<Reply, { frames: unknown }> => 'frames' in reply

const actorOf = (holder: Holder): Actor =>
  'sessionId' in holder
    ? { type: 'user', id: holder.userId, sessionId: holder.sessionId, scopes: holder.scopes }
    : { type: 'api_key', id: holder.keyId, scopes: holder.scopes }

const contextOf = (deps: Deps, holder: Holder, requestId: string): Ctx => ({
  db: deps.database.workspace(holder.workspaceId),
  workspaceId: holder.workspaceId,
  mode: holder.mode,
  actor: actorOf(holder),
  requestId,
  clock: deps.clock,
  log: deps.log,
})

/** What the server itself keeps beside what the endpoints get. */
type Kernel = { deps: Deps; limiter: RateLimiter; transport: Transport }

const anonymousBucket = ({ transport }: Kernel, request: FastifyRequest) => ({
  name: `address ${transport.addressOf(request)}`,
  perMinute: anonymousPerMinute,
})

const publicBucket = ({ transport }: Kernel, request: FastifyRequest) => ({
  name: `public ${transport.addressOf(request)}`,
  perMinute: publicPerMinute,
})

const limit = (
  kernel: Kernel,
  request: FastifyRequest,
  reply: FastifyReply,
  anonymous: typeof anonymousBucket = anonymousBucket,
): void => {
  const { holder } = request
  const perMinute = holder?.requestsPerMinute ?? unlimitedPerMinute
  const buckets = holder
    ? [
        { name: 'sessionId' in holder ? `user ${holder.userId}` : `key ${holder.keyId}`, perMinute },
        { name: `workspace ${holder.workspaceId}`, perMinute },
      ]
    : [anonymous(kernel, request)]
  const allowance = kernel.limiter.take(buckets)
  reply.headers(rateLimitHeaders(allowance, kernel.deps.clock.now()))
  if (!allowance.allowed)
    throw new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.', {
      retryAfter: allowance.retryAfter,
    })
}

const floodOfKeys = new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.')

/** Before the body is read: who calls, may they, and have they called too often. */
const admit = async (
  kernel: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> => {
  const { deps } = kernel
  kernel.transport.requireHttps(request)
  if (endpoint.access === 'public')
    return limit(kernel, request, reply, endpoint.method === 'GET' ? publicBucket : anonymousBucket)
  try {
    request.holder = await authenticate(request.headers, deps, () => {
      // A flood of unknown keys must cost a counter, not a query each.
      if (kernel.limiter.peek(anonymousBucket(kernel, request)).remaining < 1) throw floodOfKeys
    })
  } catch (error) {
    limit(kernel, request, reply)
    throw error
  }
  limit(kernel, request, reply)
  if (endpoint.access !== 'any_key') requireScope(contextOf(deps, request.holder, request.id), endpoint.access)
}

// `/v1/knowledge-sources/{id}` speaks of a knowledge source.
const nounOf = (path: string, param: string): string =>
  (path.split(`/{${param}}`)[0]!.split('/').at(-1) ?? '').replaceAll('-', ' ').replace(/ies$/, 'y').replace(/s$/, '')

const parseParams = (endpoint: Endpoint, params: unknown): unknown => {
  if (!endpoint.params) return undefined
  const parsed = endpoint.params.safeParse(params)
  if (parsed.success) return parsed.data
  const param = String(parsed.error.issues[0]?.path[0])
  throw notFound(nounOf(endpoint.path, param), String((params as Record<string, unknown>)[param] ?? ''))
}

const checkReply = (endpoint: Endpoint, reply: JsonReply): void => {
  const schema = endpoint.responses[reply.status]
  if (schema === undefined) throw new Error(`${endpoint.id} answered ${reply.status}, which it does not declare`)
  if (schema === null ? reply.body !== undefined : !schema.safeParse(reply.body).success)
    throw new Error(
      `${endpoint.id} answered with a body that does not fit its schema: ${schema?.safeParse(reply.body).error?.message ?? 'no body is declared'}`,
    )
}

const wantsProblem = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('application/problem+json') ?? false

const sendErrorBody = (request: FastifyRequest, reply: FastifyReply, body: ErrorBody): FastifyReply => {
  request.errorCode = body.error.code
  const asProblem = wantsProblem(request)
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

const sendKept = (request: FastifyRequest, reply: FastifyReply, kept: KeptReply): FastifyReply => {
  reply.code(kept.status)
  if (kept.replayed) reply.header('idempotency-replayed', 'true')
  if (kept.text === null) return reply.send()
  if (kept.status >= 400) return sendErrorBody(request, reply, JSON.parse(kept.text) as ErrorBody)
  return reply.type('application/json; charset=utf-8').send(kept.text)
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

const neverGone = new AbortController().signal

// Only work outside the database is worth cutting short, and an abort costs more than the rest of a small request.
const goneSignal = (endpoint: Endpoint, { raw }: FastifyReply): AbortSignal => {
  if (endpoint.idempotency !== 'outside') return neverGone
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}

const withoutKey: OnceOnly = { resourceId: null, note: async () => undefined, remember: async () => undefined }

const answer = async (
  { deps, transport }: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> => {
  const params = parseParams(endpoint, request.params)
  const query = endpoint.query
    ? validate(endpoint.query, refuseNul(request.query as Record<string, unknown>))
    : undefined
  const rawBody = request.body as Buffer | undefined
  const contentType = request.headers['content-type'] ?? ''
  const { body, file } = await readBody(endpoint, rawBody, contentType, deps.settings)
  // A public endpoint never looks at its context: it has no workspace.
  const ctx = request.holder ? contextOf(deps, request.holder, request.id) : (undefined as unknown as Ctx)
  const call = {
    params,
    query,
    body,
    file,
    headers: request.headers,
    address: transport.addressOf(request),
    deps,
    signal: goneSignal(endpoint, reply),
  } as Omit<Call<never, never, never>, 'ctx' | 'once' | 'afterCommit'>
  const committed: (() => void)[] = []
  const runCommitted = () => {
    for (const action of committed) action()
  }
  const run = (within: Ctx, once: OnceOnly = withoutKey) =>
    endpoint.handler({ ...call, ctx: within, once, afterCommit: (action) => committed.push(action) } as Parameters<
      Endpoint['handler']
    >[0])

  const key =
    endpoint.idempotency === 'none' || !request.holder
      ? undefined
      : idempotencyKeyOf(request.headers['idempotency-key'])
  if (key === undefined) {
    const made = await run(ctx)
    runCommitted()
    return sendReply(deps, endpoint, reply, made)
  }

  const idempotent: IdempotentRequest = {
    key,
    // A secret is told again only to whom it was first told; and two people of one workspace never share an answer.
    fingerprint: fingerprintOf(
      request.method,
      request.url,
      contentType,
      rawBody,
      endpoint.answersSecret || ctx.actor.type === 'user' ? actorName(ctx.actor) : '',
    ),
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
    return sendKept(request, reply, kept)
  }
  const claim = await claimKey(ctx, idempotent)
  if ('kept' in claim) return sendKept(request, reply, claim.kept)
  try {
    const made = await run(ctx, claim.once)
    runCommitted()
    return await sendReply(deps, endpoint, reply, made)
  } finally {
    await claim.release()
  }
}

const sendError = (kernel: Kernel, request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
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

const routePath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

const answerOtherMethods = (app: FastifyInstance, endpoints: readonly Endpoint[], kernel: Kernel): void => {
  for (const [path, declared] of Map.groupBy(endpoints, (endpoint) => routePath(endpoint.path))) {
    const methods: string[] = declared.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allow = [...methods, 'OPTIONS'].join(', ')
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !methods.includes(method))
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      kernel.transport.requireHttps(request)
      limit(kernel, request, reply)
      reply.header('allow', allow)
    }
    app.route({
      method: 'OPTIONS',
      url: path,
      onRequest,
      handler: async (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).send(),
    })
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

const noSuchPath = ({ method, url }: FastifyRequest, publicUrl: string): AppError =>
  new AppError(
    'NOT_FOUND',
    `There is no ${method} ${url.split('?')[0]!.slice(0, 200)} here. The endpoints are listed at ${publicUrl}/openapi.json.`,
  )

/** The answer to bytes that never became a request. */
const rawRefusal = (error: Error & { code?: string }, publicUrl: string): string => {
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const id = requestIdOf(undefined)
  const body = JSON.stringify(
    errorBody(
      new AppError('BAD_REQUEST', late ? 'The request took too long to arrive.' : 'The request is not valid HTTP.'),
      id,
      publicUrl,
    ),
  )
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** Builds the HTTP server over the one list of endpoints. Refuses an endpoint that names no access. */
export const createServer = (deps: Deps, endpoints: readonly Endpoint[]): FastifyInstance => {
  const kernel: Kernel = { deps, limiter: createRateLimiter(deps.clock), transport: createTransport(deps.settings) }
  const app = Fastify({
    logger: false,
    bodyLimit: deps.settings.bodyLimitBytes,
    genReqId: (raw) => requestIdOf(raw.headers['x-request-id']),
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
    // A URL that the router cannot read never reaches a route, and so none of its hooks.
    frameworkErrors: (error, request, reply) => sendError(kernel, request, reply, error),
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(rawRefusal(error, deps.settings.publicUrl))
    },
  })

  app.decorateRequest('holder', null)
  app.decorateRequest('errorCode', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.is404) limit(kernel, request, reply)
  })
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(deps.requestRecorder, kernel.transport, request, reply)
    done()
  })
  app.setErrorHandler((error, request: FastifyRequest, reply: FastifyReply) => sendError(kernel, request, reply, error))
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) =>
    sendError(kernel, request, reply, noSuchPath(request, deps.settings.publicUrl)),
  )
  const routed = endpoints.flatMap(atEveryPath)
  for (const endpoint of routed) {
    if (!endpoint.access) throw new Error(`The endpoint ${endpoint.id} names no access.`)
    app.route({
      method: endpoint.method,
      url: routePath(endpoint.path),
      bodyLimit: endpoint.acceptsFile ? deps.settings.uploadLimitBytes : deps.settings.bodyLimitBytes,
      onRequest: (request, reply) => admit(kernel, endpoint, request, reply),
      handler: (request, reply) => answer(kernel, endpoint, request, reply),
    })
  }
  answerOtherMethods(app, routed, kernel)
  return app
}
