import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, notFound } from '../base/errors.ts'
import { fromWireId, toWireId } from '../base/ids.ts'
import { requireScope } from '../domain/context.ts'
import type { Client } from '../domain/workspaces/index.ts'
import type { Holder } from './authenticate.ts'
import { contextOf } from './context-of.ts'
import type { Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { limitHolder } from './limit.ts'

const header = 'Parley-Workspace'

const suspended = (whose: string) =>
  new AppError('WORKSPACE_SUSPENDED', `${whose} is suspended, so every request to it is refused.`)

const namedBy = ({ headers }: FastifyRequest): string | undefined => {
  const named = headers['parley-workspace']
  if (named === undefined) return undefined
  const id = typeof named === 'string' ? fromWireId('workspace', named.trim()) : undefined
  if (id === undefined)
    throw new AppError('BAD_REQUEST', `${header} must be one id like ws_01h455vb4pex5vsknk084sn02q.`, { param: header })
  return id
}

// No agency mistypes more often; a refused request must not cost a query, however many there are.
const strangersPerMinute = 1_200

const findClient = async ({ limiter, clients }: Kernel, agencyId: string, id: string): Promise<Client> => {
  const strangers = { name: `strangers to ${agencyId}`, perMinute: strangersPerMinute }
  const client = await clients.find(agencyId, id, () => {
    const { remaining, retryAfter } = limiter.peek(strangers)
    if (remaining < 1)
      throw new AppError('RATE_LIMIT_EXCEEDED', `Too many requests name accounts in ${header} that are not yours.`, {
        retryAfter,
      })
  })
  if (client) return client
  limiter.take([strangers])
  throw notFound('account', toWireId('workspace', id), header)
}

/** The holder as the request wants to act, or the refusal of it. */
export const actingIn = async (
  kernel: Kernel,
  { access }: Endpoint,
  request: FastifyRequest,
  holder: Holder,
): Promise<Holder> => {
  if (holder.suspended) throw suspended('This workspace, or the agency that it belongs to,')
  const id = namedBy(request)
  if (id === undefined || id === holder.workspaceId) return holder
  requireScope(contextOf(kernel.deps, holder, request.id), 'workspaces:act')
  if (access === 'any_key' || access === 'session')
    throw new AppError(
      'BAD_REQUEST',
      `This request is about the caller and not about a workspace: leave out ${header}.`,
      {
        param: header,
      },
    )
  const client = await findClient(kernel, holder.workspaceId, id)
  if (client.suspended) throw suspended('This account')
  const { workspaceId, planId, requestsPerMinute } = client
  return { ...holder, workspaceId, planId, requestsPerMinute, agencyId: holder.workspaceId }
}

/**
 * The holder as the request wants to act: in its own workspace, or in that of the client which `Parley-Workspace` names. The
 * rights and the name stay the holder's own. Whoever is refused is counted all the same.
 */
export const actOn = async (
  kernel: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  holder: Holder,
): Promise<Holder> => {
  try {
    return await actingIn(kernel, endpoint, request, holder)
  } catch (error) {
    await limitHolder(kernel, holder, request, reply)
    throw error
  }
}
