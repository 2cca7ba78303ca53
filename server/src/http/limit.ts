import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Kernel } from './kernel.ts'
import { rateLimitHeaders, unlimitedPerMinute } from './rate-limit.ts'

// Enough for a whole office behind one address; it keeps a flood of bad keys from costing more than a counter.
const anonymousPerMinute = 1_200
// Pages and health checks cost little, and must not be lost to whoever guesses keys from the same address.
const publicPerMinute = 12_000

export const anonymousBucket = ({ transport }: Kernel, request: FastifyRequest) => ({
  name: `address ${transport.addressOf(request)}`,
  perMinute: anonymousPerMinute,
})

export const publicBucket = ({ transport }: Kernel, request: FastifyRequest) => ({
  name: `public ${transport.addressOf(request)}`,
  perMinute: publicPerMinute,
})

/** Counts the request, writes what is left into the headers, and throws RATE_LIMIT_EXCEEDED when nothing is. */
export const limit = (
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
