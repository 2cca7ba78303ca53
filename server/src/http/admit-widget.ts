import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { mayShow } from '../domain/widget/index.ts'
import { authenticateWidget, type WidgetAccess, type WidgetHolder } from './authenticate-widget.ts'
import { shareWithOrigin } from './cors.ts'
import type { Kernel } from './kernel.ts'
import { anonymousBucket, limitAddress, limitPage } from './limit.ts'
import { widgetBuckets } from './widget-buckets.ts'

// A browser names the origin of every page of another site. A secret was given to whoever was let in before.
const isFromAllowedPage = (holder: WidgetHolder, origin: string | undefined): boolean => {
  if (origin !== undefined) return mayShow(holder, origin)
  return holder.mode === 'sandbox' || 'conversationId' in holder
}

const refuse = (origin: string | undefined): never => {
  throw new AppError(
    'FORBIDDEN',
    origin === undefined
      ? 'A widget key is used by a page: a request without the Origin header is refused.'
      : `This agent may not be shown on ${origin.slice(0, 300)}. Add its host to the agent’s allowed domains.`,
  )
}

/** As `admit`, for what pages send: who calls, from which site, and have they called too often. */
export const admitWidget = async (
  kernel: Kernel,
  access: WidgetAccess,
  request: FastifyRequest,
  reply: FastifyReply,
  beforeLookUp: () => void,
): Promise<void> => {
  const { origin } = request.headers
  let holder: WidgetHolder
  try {
    holder = await authenticateWidget(request.headers, access, kernel.deps, beforeLookUp)
  } catch (error) {
    // It tells nothing of any agent, and a page must be able to read that its secret has expired.
    shareWithOrigin(request, reply)
    limitAddress(kernel, request, reply)
    throw error
  }
  request.holder = holder
  const allowed = isFromAllowedPage(holder, origin)
  if (allowed) shareWithOrigin(request, reply)
  else reply.header('vary', 'Origin')
  try {
    await limitPage(kernel, reply, widgetBuckets(kernel, request, holder))
  } catch (error) {
    // Everybody has the key: whoever floods goes on as a stranger does, and soon costs a counter instead of a query each.
    kernel.limiter.take([anonymousBucket(kernel, request)])
    throw error
  }
  if (!allowed) refuse(origin)
}
