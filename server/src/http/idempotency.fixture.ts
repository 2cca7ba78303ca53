import { z } from 'zod'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { transaction } from '../database/transaction.ts'
import { createContact } from '../domain/contacts/index.ts'
import type { Ctx } from '../domain/context.ts'
import { created, defineEndpoint, type Endpoint } from './endpoint.ts'

type Body = { name: string }

const failing: Record<string, () => Error> = {
  crash: () => new Error('a fault of ours'),
  conflict: () => new AppError('CONFLICT', 'taken'),
  busy: () => new AppError('SERVICE_UNAVAILABLE', 'busy'),
}

const effect = async (ctx: Ctx, { name }: Body) => {
  await createContact(ctx, { name })
  const fault = failing[name]?.()
  if (fault) throw fault
  return { name }
}

const shape = {
  method: 'POST',
  access: 'any_key',
  tag: 'Tests',
  summary: 'A test',
  body: z.strictObject({ name: z.string() }),
} as const

/** Endpoints that show what an idempotency key keeps, and handles to hold one of them up. */
export const createEffectEndpoints = () => {
  let waiting: (() => void)[] = []
  let arrived = 0
  let awaited = 0
  let noted: string | null = null

  const outside = (path: string, before: () => Promise<void> = async () => undefined): Endpoint =>
    defineEndpoint({
      ...shape,
      id: path.slice(1),
      path,
      responses: { 201: z.object({ name: z.string() }) },
      idempotency: 'outside',
      handler: async ({ ctx, body, once }) => {
        await before()
        return transaction(ctx.db, async (tx) => {
          const made = await effect({ ...ctx, db: tx }, body)
          await once.remember(tx, { status: 201, body: made })
          return created(made)
        })
      },
    })

  const gate = () =>
    new Promise<void>((resolve) => {
      arrived++
      waiting.push(resolve)
    })

  const endpoints: Endpoint[] = [
    defineEndpoint({
      ...shape,
      id: 'inside',
      path: '/inside',
      responses: { 201: z.object({ name: z.string() }) },
      handler: async ({ ctx, body }) => created(await effect(ctx, body)),
    }),
    outside('/outside'),
    outside('/outside-after'),
    outside('/gated', gate),
    defineEndpoint({
      ...shape,
      id: 'noting',
      path: '/noting',
      responses: { 201: z.object({ resource: z.string().nullable() }) },
      idempotency: 'outside',
      handler: async ({ ctx, once }) => {
        if (once.resourceId !== null) return created({ resource: once.resourceId })
        noted = newId()
        await once.note(ctx.db, noted)
        throw new AppError('SERVICE_UNAVAILABLE', 'not now')
      },
    }),
  ]

  return {
    endpoints,
    noted: () => noted,
    /** Waits until one more request stands before the gate. */
    reached: async () => {
      awaited++
      while (arrived < awaited) await new Promise((resolve) => setTimeout(resolve, 2))
    },
    open: () => {
      for (const go of waiting) go()
      waiting = []
    },
  }
}
