import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { type Ctx, requireScope, requireUser } from '../domain/context.ts'
import { authenticate } from './authenticate.ts'
import { contextOf } from './context-of.ts'
import type { Access, Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { anonymousBucket, limit, publicBucket } from './limit.ts'

const floodOfKeys = new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.')

const requireAccess = (access: Exclude<Access, 'public'>, ctx: Ctx): void => {
  if (access === 'session') requireUser(ctx)
  else if (access !== 'any_key') requireScope(ctx, access)
}

/** Before the body is read: who calls, may they, and have they called too often. */
export const admit = async (
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
  requireAccess(endpoint.access, contextOf(deps, request.holder, request.id))
}
