import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { defineEndpoint, ok } from '../endpoint.ts'

export const healthEndpoints = [
  defineEndpoint({
    id: 'health_live',
    method: 'GET',
    path: '/healthz',
    access: 'public',
    tag: 'Health',
    summary: 'Is the process alive?',
    responses: { 200: z.object({ status: z.literal('ok') }) },
    handler: async () => ok({ status: 'ok' }),
  }),
  defineEndpoint({
    id: 'health_ready',
    method: 'GET',
    path: '/readyz',
    access: 'public',
    tag: 'Health',
    summary: 'Can the process answer requests?',
    responses: { 200: z.object({ status: z.literal('ready'), database: z.enum(['embedded', 'postgres']) }) },
    errors: [503],
    handler: async ({ deps: { database, stopping, log } }) => {
      if (stopping.aborted) throw new AppError('SERVICE_UNAVAILABLE', 'The server is shutting down.', { retryAfter: 5 })
      await database.system
        .selectFrom('plans')
        .select('id')
        .limit(1)
        .execute()
        .catch((cause) => {
          log.error({ err: cause }, 'the database does not answer')
          throw new AppError('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfter: 5, cause })
        })
      return ok({ status: 'ready', database: database.kind })
    },
  }),
]
