import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call, Endpoint } from './endpoint.ts'
import type { Kernel } from './kernel.ts'
import { peekWorkspace } from './limit.ts'
import { listName, openCursor } from './list-cursors.ts'
import { parseParams } from './parse-params.ts'
import { readBody } from './read-body.ts'
import { stillAllowed } from './still-allowed.ts'
import { refuseNul, validate } from './validate.ts'

/** What a handler gets that does not depend on its transaction. */
export type ReadCall = Omit<Call<never, never, never>, 'ctx' | 'once' | 'afterCommit'>

const neverGone = new AbortController().signal

// Only streams and work outside the database are worth cutting short: an abort costs more than the rest of a small request.
const goneSignal = (endpoint: Endpoint, { raw }: FastifyReply): AbortSignal => {
  if (endpoint.idempotency !== 'outside' && !endpoint.streams) return neverGone
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}

/** Reads path, query and body by the endpoint's schemas. Throws NOT_FOUND, BAD_REQUEST or UNPROCESSABLE. */
export const readCall = async (
  kernel: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ReadCall> => {
  const { deps, transport } = kernel
  const { holder } = request
  const params = parseParams(endpoint, request.params)
  const list = () => listName(endpoint, holder?.workspaceId, params)
  const query = endpoint.query
    ? validate(endpoint.query, openCursor(deps.cursorSeal, list, refuseNul(request.query as Record<string, unknown>)))
    : undefined
  const { body, file } = await readBody(endpoint, request.body as Buffer | undefined, request.headers, deps.settings)
  return {
    params,
    query,
    body,
    file,
    headers: request.headers,
    address: transport.addressOf(request),
    requestId: request.id,
    deps,
    workspaceMinute: () => (holder && !('agentId' in holder) ? peekWorkspace(kernel, holder) : undefined),
    stillAllowed: () => stillAllowed(kernel, endpoint, request),
    signal: goneSignal(endpoint, reply),
  } as ReadCall
}
