import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { type Ctx, requireScope, requireUser } from '../domain/context.ts'
import { actOn } from './act-on.ts'
import { admitWidget } from './admit-widget.ts'
import { authenticate, type Holder } from './authenticate.ts'
import type { WidgetAccess } from './authenticate-widget.ts'
import { contextOf } from './context-of.ts'
import { hintAtHeaders } from './credential-in-url.ts'
import type { Access, Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { anonymousBucket, limitAddress, limitHolder, publicBucket } from './limit.ts'
import { refuseStrangeAddress } from './refuse-strange-address.ts'

const floodOfKeys = new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.')

/** Throws FORBIDDEN for whoever may not call an endpoint. */
export const requireAccess = (access: Exclude<Access, 'public' | WidgetAccess>, ctx: Ctx): void => {
  if (access === 'session') requireUser(ctx)
  else if (access !== 'any_key') requireScope(ctx, access)
}

// Pages and health checks; whoever signs in costs queries, also by GET.
const isCheap = ({ method, path }: Endpoint): boolean => method === 'GET' && !path.startsWith('/v1/auth/')

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
    return limitAddress(kernel, request, reply, isCheap(endpoint) ? publicBucket : anonymousBucket)
  const beforeLookUp = () => {
    // A flood of unknown keys must cost a counter, not a query each.
    if (kernel.limiter.peek(anonymousBucket(kernel, request)).remaining < 1) throw floodOfKeys
  }
  if (endpoint.access === 'widget_key' || endpoint.access === 'conversation_secret')
    return admitWidget(kernel, endpoint.access, request, reply, beforeLookUp)
  let holder: Holder | undefined
  try {
    holder = await authenticate(request.headers, deps, beforeLookUp)
    refuseStrangeAddress(holder, kernel.transport.addressOf(request))
  } catch (error) {
    limitAddress(kernel, request, reply)
    // Counted by its address alone, and told of in the log of its workspace.
    request.holder = holder ?? null
    throw hintAtHeaders(error, request.url)
  }
  request.holder = holder
  const acting = await actOn(kernel, endpoint, request, reply, holder)
  request.holder = acting
  await limitHolder(kernel, acting, request, reply)
  if ('keyId' in holder) await deps.keyCache.count(holder)
  requireAccess(endpoint.access, contextOf(deps, acting, request.id))
}
