import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { answerPreflight, isWidgetPath } from './cors.ts'
import type { Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { limitAddress } from './limit.ts'
import { routePath } from './route-path.ts'

/** Answers OPTIONS with the methods of a path, and every other method with METHOD_NOT_ALLOWED. */
export const answerOtherMethods = (app: FastifyInstance, endpoints: readonly Endpoint[], kernel: Kernel): void => {
  for (const [path, declared] of Map.groupBy(endpoints, (endpoint) => routePath(endpoint.path))) {
    const methods: string[] = declared.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allow = [...methods, 'OPTIONS'].join(', ')
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY'].filter(
      (method) => !methods.includes(method),
    )
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      kernel.transport.requireHttps(request)
      limitAddress(kernel, request, reply)
      reply.header('allow', allow)
    }
    app.route({
      method: 'OPTIONS',
      url: path,
      onRequest,
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        if (isWidgetPath(path)) answerPreflight(request, reply, methods)
        return reply.code(204).send()
      },
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
