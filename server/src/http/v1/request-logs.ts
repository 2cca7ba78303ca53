import { z } from 'zod'
import {
  getRequestLog,
  listRequestLogs,
  loggedMethods,
  presentRequestLog,
  RequestLog,
  StatusFilter,
} from '../../domain/request-logs/index.ts'
import { idInput, listOf, pageQuery, timeInput } from '../../domain/wire.ts'
import { defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const tag = 'Request logs'

export const requestLogEndpoints = [
  defineEndpoint({
    id: 'request_logs_list',
    method: 'GET',
    path: '/v1/request-logs',
    access: 'logs:read',
    tag,
    summary: 'List requests, newest first',
    description:
      'Every request that came with a living key of the workspace. Bodies, query values, headers and ids in paths are not kept, and reading this log is not logged.',
    query: z.strictObject({
      ...pageQuery,
      status: StatusFilter.optional(),
      method: z.enum(loggedMethods).optional(),
      route: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'The path as documented.', examples: ['/v1/contacts/{id}'] }),
      key_id: idInput('apiKey').optional(),
      request_id: z.string().min(1).max(128).optional(),
      from: timeInput.optional().meta({ description: 'Answered at this moment or later.' }),
      to: timeInput.optional().meta({ description: 'Answered before this moment.' }),
    }),
    responses: { 200: listOf(RequestLog) },
    handler: async ({ ctx, query, deps }) => {
      // Whoever looks for a request that just failed should find it.
      await deps.requestRecorder.flush()
      const { key_id: keyId, request_id: requestId, ...rest } = query
      const page = await listRequestLogs(ctx, { ...rest, keyId, requestId }, pageOf('requestLog', query))
      return ok(presentPage('requestLog', page, presentRequestLog))
    },
  }),
  defineEndpoint({
    id: 'request_logs_get',
    method: 'GET',
    path: '/v1/request-logs/{id}',
    access: 'logs:read',
    tag,
    summary: 'Read what became of a request',
    params: z.object({ id: idInput('requestLog') }),
    responses: { 200: RequestLog },
    handler: async ({ ctx, params: { id } }) => ok(presentRequestLog(await getRequestLog(ctx, id))),
  }),
]
