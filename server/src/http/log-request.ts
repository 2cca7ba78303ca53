import type { FastifyReply, FastifyRequest } from 'fastify'
import { newId } from '../base/ids.ts'
import type { RequestRecorder } from '../domain/request-logs/index.ts'
import type { Transport } from './transport.ts'

// Whoever reads the log again and again would find little but that.
const ownRoute = /^(?:\/api)?\/v1\/request-logs/

const sizeOf = (reply: FastifyReply): number | null => {
  // Not of `raw`: Node.js forgets headers that are handed over with the status line.
  const length = reply.getHeader('content-length')
  if (length !== undefined) return Number(length)
  return reply.raw.statusCode === 204 ? 0 : null
}

/** Hands an answered request to the recorder, and nothing more. Requests of nobody known belong to no workspace's log. */
export const logRequest = (
  recorder: RequestRecorder,
  transport: Transport,
  request: FastifyRequest,
  reply: FastifyReply,
): void => {
  const { holder, routeOptions } = request
  const { url: route } = routeOptions
  if (!holder || route === undefined || ownRoute.test(route)) return
  const idempotencyKey = request.headers['idempotency-key']
  recorder.push({
    id: newId(),
    workspaceId: holder.workspaceId,
    keyId: 'keyId' in holder ? holder.keyId : null,
    method: request.method,
    route,
    status: reply.raw.statusCode,
    durationMs: reply.elapsedTime,
    bytesIn: (request.body as Buffer | undefined)?.length ?? 0,
    bytesOut: sizeOf(reply),
    address: transport.addressOf(request),
    requestId: request.id,
    idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : null,
    errorCode: request.errorCode,
  })
}
