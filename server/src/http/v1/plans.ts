import { z } from 'zod'
import { getUsage, listPlans, Plan, presentPlan, Usage } from '../../domain/plans/index.ts'
import { listOf } from '../../domain/wire.ts'
import { defineEndpoint, ok } from '../endpoint.ts'

const tag = 'Plans and usage'

export const planEndpoints = [
  defineEndpoint({
    id: 'plans_list',
    method: 'GET',
    path: '/v1/plans',
    access: 'accounts:read',
    tag,
    summary: 'List the plans, the tightest first',
    description:
      'The plans that are offered to everybody, and the one of your workspace. The list is short and comes whole.',
    query: z.strictObject({}),
    responses: { 200: listOf(Plan) },
    handler: async ({ ctx }) =>
      ok({ data: (await listPlans(ctx)).map(presentPlan), has_more: false, next_cursor: null }),
  }),
  defineEndpoint({
    id: 'usage_get',
    method: 'GET',
    path: '/v1/usage',
    access: 'accounts:read',
    tag,
    summary: 'Read how much of its plan your workspace has used',
    description:
      'Every limit that this version counts, with what is used of it and when the count begins again. Calls of keys are a few seconds late; chat messages and webhooks are exact.',
    query: z.strictObject({}),
    responses: { 200: Usage },
    handler: async ({ ctx, workspaceMinute }) => {
      const minute = workspaceMinute()
      const requests = minute && {
        used: minute.limit - minute.remaining,
        resetsAt: new Date(minute.resetAt * 1_000),
      }
      return ok(await getUsage(ctx, requests ?? null))
    },
  }),
]
