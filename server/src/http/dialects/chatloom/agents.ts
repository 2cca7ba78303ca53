import { z } from 'zod'
import { type AgentRow, listAgents, listAllowedDomains, presentAgent } from '../../../domain/agents/index.ts'
import { idInput, idOutput, timeOutput } from '../../../domain/wire.ts'
import { defineEndpoint, ok } from '../../endpoint.ts'

const tag = 'Chatloom'
// The page has no paging: it promises every agent.
const everyOne = { limit: 100_000, after: null }

const ChatloomAgent = z
  .object({
    id: idOutput('agent'),
    name: z.string(),
    primaryColor: z.string(),
    secondaryColor: z.string(),
    position: z.enum(['bottom-right', 'bottom-left', 'top-right', 'top-left']),
    template: z.string(),
    status: z.string(),
    createdAt: timeOutput,
  })
  .meta({ id: 'ChatloomAgent' })

const present = (row: AgentRow): z.infer<typeof ChatloomAgent> => {
  const { id, name, appearance, status, created_at } = presentAgent(row)
  return {
    id,
    name,
    primaryColor: appearance.primary_color,
    secondaryColor: appearance.secondary_color,
    position: appearance.position,
    template: appearance.template,
    status,
    createdAt: created_at,
  }
}

export const chatloomEndpoints = [
  defineEndpoint({
    id: 'chatloom_list_agents',
    method: 'GET',
    path: '/api/plugin/agents',
    access: 'agents:read',
    tag,
    summary: 'List every agent, newest first',
    responses: { 200: z.object({ agents: z.array(ChatloomAgent), count: z.number().int() }) },
    handler: async ({ ctx }) => {
      const { rows } = await listAgents(ctx, everyOne)
      return ok({ agents: rows.map(present), count: rows.length })
    },
  }),
  defineEndpoint({
    id: 'chatloom_list_allowed_domains',
    method: 'GET',
    path: '/api/plugin/agents/{agentId}/allowed-domains',
    access: 'agents:read',
    tag,
    summary: 'List the sites that may show an agent, oldest first',
    params: z.object({ agentId: idInput('agent') }),
    responses: { 200: z.object({ domains: z.array(z.string()) }) },
    handler: async ({ ctx, params: { agentId } }) =>
      ok({ domains: (await listAllowedDomains(ctx, agentId)).map(({ domain }) => domain) }),
  }),
]
