import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { originOf } from '../base/networks.ts'
import type { Holder } from './authenticate.ts'
import type { Kernel } from './kernel.ts'
import { type Allowance, type LimitedBucket, rateLimitHeaders, unlimitedPerMinute } from './rate-limit.ts'

// Enough for a whole office behind one address; it keeps a flood of bad keys from costing more than a counter.
const anonymousPerMinute = 1_200
// Pages and health checks cost little, and must not be lost to whoever guesses keys from the same address.
const publicPerMinute = 12_000

const addressBucket = (origin: string): LimitedBucket => ({ name: `address ${origin}`, perMinute: anonymousPerMinute })

export const anonymousBucket = ({ transport }: Kernel, request: FastifyRequest): LimitedBucket =>
  addressBucket(transport.originOf(request))

/** What is told to bytes that never became a request: what their address has left. */
export const connectionHeaders = ({ limiter, deps }: Kernel, { remoteAddress = '' }: Socket): Record<string, string> =>
  rateLimitHeaders(limiter.peek(addressBucket(originOf(remoteAddress))), deps.clock.now())

export const publicBucket = ({ transport }: Kernel, request: FastifyRequest): LimitedBucket => ({
  name: `public ${transport.originOf(request)}`,
  perMinute: publicPerMinute,
})

const tooMany = ({ retryAfter }: Allowance): AppError =>
  new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests. Slow down and retry after 1 minute.', { retryAfter })

const uncountable = (): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'Requests cannot be counted right now. Ask again in a moment.', { retryAfter: 1 })

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD'

const tell = ({ deps }: Kernel, reply: FastifyReply, allowance: Allowance): void => {
  reply.headers(rateLimitHeaders(allowance, deps.clock.now()))
}

/** Counts a request in this process alone, and throws RATE_LIMIT_EXCEEDED when one of the buckets is full. */
export const limitHere = (kernel: Kernel, reply: FastifyReply, buckets: readonly LimitedBucket[]): void => {
  const allowance = kernel.limiter.take(buckets)
  tell(kernel, reply, allowance)
  if (!allowance.allowed) throw tooMany(allowance)
}

/** Counts a request of nobody known by its address, and throws RATE_LIMIT_EXCEEDED when nothing is left. */
export const limitAddress = (
  kernel: Kernel,
  request: FastifyRequest,
  reply: FastifyReply,
  bucketOf: typeof anonymousBucket = anonymousBucket,
): void => limitHere(kernel, reply, [bucketOf(kernel, request)])

const bucketsOf = (holder: Holder): LimitedBucket[] => {
  const { workspaceId, requestsPerMinute, ownRequestsPerMinute } = holder
  const own = 'sessionId' in holder ? `user ${holder.userId} in ${workspaceId}` : `key ${holder.countedAs}`
  return [
    { name: own, perMinute: ownRequestsPerMinute },
    { name: `workspace ${workspaceId}`, perMinute: requestsPerMinute },
  ].flatMap(({ name, perMinute }) => (perMinute === null ? [] : [{ name, perMinute }]))
}

/** What is left of the minute of the caller's workspace, as far as this process knows; undefined where nobody counts it. */
export const peekWorkspace = (kernel: Kernel, holder: Holder): Allowance | undefined => {
  const name = `workspace ${holder.workspaceId}`
  if (holder.requestsPerMinute !== null) return kernel.sharedLimiter.peek({ name, perMinute: holder.requestsPerMinute })
  return bucketsOf(holder).length === 0 ? kernel.limiter.peek({ name, perMinute: unlimitedPerMinute }) : undefined
}

/**
 * Counts a request of a page in all processes together, and throws RATE_LIMIT_EXCEEDED when one of the buckets is full. While
 * nobody can count, this process does so for itself: a site must not lose its chat to that.
 */
export const limitPage = async (
  kernel: Kernel,
  reply: FastifyReply,
  buckets: readonly LimitedBucket[],
): Promise<void> => {
  const allowance = await kernel.sharedLimiter.take(buckets)
  if (allowance.uncounted) return limitHere(kernel, reply, buckets)
  tell(kernel, reply, allowance)
  if (!allowance.allowed) throw tooMany(allowance)
}

/**
 * Counts the request against what its key or person and its workspace may do a minute, writes what is left into the headers,
 * and throws RATE_LIMIT_EXCEEDED when nothing is. While nobody can count, reads pass and writes are SERVICE_UNAVAILABLE.
 */
export const limitHolder = async (
  kernel: Kernel,
  holder: Holder,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> => {
  const buckets = bucketsOf(holder)
  // Who has no limit costs no lease; this process still has true numbers to tell.
  if (buckets.length === 0)
    return limitHere(kernel, reply, [{ name: `workspace ${holder.workspaceId}`, perMinute: unlimitedPerMinute }])
  const taken = kernel.sharedLimiter.take(buckets)
  const allowance = taken instanceof Promise ? await taken : taken
  tell(kernel, reply, allowance)
  if (allowance.allowed || (allowance.uncounted && isRead(request))) return
  throw allowance.uncounted ? uncountable() : tooMany(allowance)
}
