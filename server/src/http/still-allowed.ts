import type { FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { actingIn } from './act-on.ts'
import { requireAccess } from './admit.ts'
import { authenticate } from './authenticate.ts'
import { contextOf } from './context-of.ts'
import type { Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { refuseStrangeAddress } from './refuse-strange-address.ts'

/**
 * Whether who was admitted would be admitted again: for answers that outlast a revocation. While nobody can tell, they are.
 */
export const stillAllowed = async (kernel: Kernel, endpoint: Endpoint, request: FastifyRequest): Promise<boolean> => {
  const { access } = endpoint
  if (access === 'public' || access === 'widget_key' || access === 'conversation_secret') return true
  try {
    const caller = await authenticate(request.headers, kernel.deps)
    refuseStrangeAddress(caller, kernel.transport.addressOf(request))
    const holder = await actingIn(kernel, endpoint, request, caller)
    requireAccess(access, contextOf(kernel.deps, holder, request.id))
    return true
  } catch (error) {
    return !(error instanceof AppError)
  }
}
