import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { admit } from './admit.ts'
import { answer } from './answer.ts'
import type { Holder } from './authenticate.ts'
import type { WidgetHolder } from './authenticate-widget.ts'
import { checkReplies } from './check-replies.ts'
import { createClientCache } from './client-cache.ts'
import type { Deps } from './deps.ts'
import { atEveryPath } from './dialects/at-every-path.ts'
import type { Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { createLeasedLimiter, type SharedLimiter } from './leased-limiter.ts'
import { connectionHeaders, limitAddress } from './limit.ts'
import { logRequest } from './log-request.ts'
import { answerOtherMethods } from './other-methods.ts'
import { createRateLimiter } from './rate-limit.ts'
import { rawRefusal } from './raw-refusal.ts'
import { requestIdOf } from './request-id.ts'
import { createRequestWindows } from './request-windows.ts'
import { routePath } from './route-path.ts'
import { sendError } from './send-error.ts'
import { createTransport } from './transport.ts'

declare module 'fastify' {
  interface FastifyRequest {
    holder: Holder | WidgetHolder | null
    /** Code of the error it was answered with. */
    errorCode: string | null
  }
}

const noSuchPath = ({ method, url }: FastifyRequest, whereElse: string): AppError =>
  new AppError('NOT_FOUND', `There is no ${method} ${url.split('?')[0]!.slice(0, 200)} here. ${whereElse}`)

const lacksHost = ({ raw }: FastifyRequest): boolean => raw.httpVersion === '1.1' && raw.headers.host === undefined

// The embedded database has one process, which can count for itself.
const sharedLimiterOf = ({ database, clock, log }: Deps): SharedLimiter | undefined =>
  database.kind === 'embedded'
    ? undefined
    : createLeasedLimiter({
        lease: createRequestWindows(database.system, clock),
        clock,
        onError: (error) => log.error({ err: error }, 'requests could not be counted'),
      })

type Options = {
  /** What somebody is told who asks for a path that is not here: where to look instead. */
  whereElse?: string
}

/** Builds the HTTP server over the one list of endpoints. Refuses an endpoint that names no access. */
export const createServer = (
  deps: Deps,
  endpoints: readonly Endpoint[],
  { whereElse = `The endpoints are listed at ${deps.settings.publicUrl}/openapi.json.` }: Options = {},
): FastifyInstance => {
  const limiter = createRateLimiter(deps.clock)
  const kernel: Kernel = {
    deps,
    limiter,
    sharedLimiter: sharedLimiterOf(deps) ?? limiter,
    transport: createTransport(deps.settings),
    clients: createClientCache(deps),
  }
  const app = Fastify({
    logger: false,
    bodyLimit: deps.settings.bodyLimitBytes,
    genReqId: (raw) => requestIdOf(raw.headers['x-request-id']),
    requestTimeout: 60_000,
    // A second Authorization header would be dropped unseen, and whatever stands before this server may read that one.
    // Without a Host, Node.js would answer by itself, and without a word.
    http: { joinDuplicateHeaders: true, requireHostHeader: false },
    routerOptions: { maxParamLength: 256 },
    // A URL that the router cannot read never reaches a route, and so none of its hooks.
    frameworkErrors: (error, request, reply) => sendError(kernel, request, reply, error),
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(rawRefusal(error, deps.settings.publicUrl, connectionHeaders(kernel, socket)))
    },
  })

  app.decorateRequest('holder', null)
  app.decorateRequest('errorCode', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (lacksHost(request)) throw new AppError('BAD_REQUEST', 'A request needs a Host header.', { param: 'Host' })
    if (!request.is404) return
    kernel.transport.requireHttps(request)
    limitAddress(kernel, request, reply)
  })
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(deps.requestRecorder, kernel.transport, request, reply)
    done()
  })
  app.setErrorHandler((error, request: FastifyRequest, reply: FastifyReply) => sendError(kernel, request, reply, error))
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) =>
    sendError(kernel, request, reply, noSuchPath(request, whereElse)),
  )
  const routed = endpoints.flatMap(atEveryPath)
  if (deps.settings.checkResponses) checkReplies(app, routed)
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
  // An expectation that nobody here knows is left unmet, as HTTP allows; Node.js would answer by itself.
  app.server.on('checkExpectation', app.routing)
  return app
}
