import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Ctx } from '../domain/context.ts'
import { actorName } from '../domain/context.ts'
import { contextOf } from './context-of.ts'
import { type Endpoint, isStream, type OnceOnly, type Reply } from './endpoint.ts'
import {
  claimKey,
  fingerprintOf,
  type IdempotentRequest,
  idempotencyKeyOf,
  plainText,
  runInTransaction,
  sealedText,
} from './idempotency.ts'
import type { Kernel } from './kernel.ts'
import { listName, sealCursor } from './list-cursors.ts'
import { readCall } from './read-call.ts'
import { sendKept, sendReply } from './send-reply.ts'

const withoutKey: OnceOnly = { resourceId: null, note: async () => undefined, remember: async () => undefined }

const keyOf = (endpoint: Endpoint, request: FastifyRequest): string | undefined => {
  const { holder } = request
  if (endpoint.idempotency === 'none' || !holder) return undefined
  const key = idempotencyKeyOf(request.headers['idempotency-key'])
  // Keys hold no spaces: what a visitor chooses never meets the keys of the company or of another visitor.
  return key !== undefined && 'conversationId' in holder ? `${holder.conversationId} ${key}` : key
}

const identify = (
  { deps }: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  ctx: Ctx,
  key: string,
): IdempotentRequest => ({
  key,
  // A secret is told again only to whom it was first told; and two people of one workspace never share an answer.
  fingerprint: fingerprintOf(
    request.method,
    request.url,
    request.headers['content-type'] ?? '',
    request.body as Buffer | undefined,
    endpoint.answersSecret || ctx.actor.type === 'user' ? actorName(ctx.actor) : '',
  ),
  codec: endpoint.answersSecret ? sealedText(deps.secretBox, `${ctx.workspaceId} ${key}`) : plainText,
})

/** After the body is read: parses the call, runs the handler, once only under an idempotency key, and sends its answer. */
export const answer = async (
  kernel: Kernel,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> => {
  const { deps } = kernel
  const call = await readCall(kernel, endpoint, request, reply)
  // A public endpoint never looks at its context: it has no workspace.
  const ctx = request.holder ? contextOf(deps, request.holder, request.id) : (undefined as unknown as Ctx)
  const committed: (() => void)[] = []
  const runCommitted = () => {
    for (const action of committed) action()
  }
  const list = () => listName(endpoint, request.holder?.workspaceId, call.params)
  const run = async (within: Ctx, once: OnceOnly = withoutKey): Promise<Reply> => {
    const whole = { ...call, ctx: within, once, afterCommit: (action: () => void) => committed.push(action) }
    return sealCursor(deps.cursorSeal, list, await endpoint.handler(whole as Parameters<Endpoint['handler']>[0]))
  }

  const key = keyOf(endpoint, request)
  if (key === undefined) {
    const made = await run(ctx)
    runCommitted()
    return sendReply(deps, endpoint, reply, made)
  }
  const idempotent = identify(kernel, endpoint, request, ctx, key)
  if (endpoint.idempotency === 'transaction') {
    const kept = await runInTransaction(ctx, idempotent, deps.settings.publicUrl, async (within) => {
      const made = await run(within)
      if (isStream(made)) throw new Error(`${endpoint.id} streams, so it cannot run inside a transaction`)
      return made
    })
    runCommitted()
    return sendKept(request, reply, kept)
  }
  const claim = await claimKey(ctx, idempotent)
  if ('kept' in claim) return sendKept(request, reply, claim.kept)
  try {
    const made = await run(ctx, claim.once)
    runCommitted()
    return await sendReply(deps, endpoint, reply, made)
  } finally {
    await claim.release()
  }
}
