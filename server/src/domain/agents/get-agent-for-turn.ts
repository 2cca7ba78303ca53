import { AppError, notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import type { AgentConfiguration } from './configuration.ts'
import { type AgentRow, configurationOf, selectAgents } from './queries.ts'

/** An agent as a turn needs it: who answers, and what exactly it was told. */
export type AgentForTurn = AgentRow & { configuration: AgentConfiguration }

const forTurn = (row: AgentRow): AgentForTurn => ({ ...row, configuration: configurationOf(row) })

/** The agent that answers where none is named, paused or not. Throws CONFLICT while the workspace has no agent. */
// scope: whoever needs the default agent has checked the right to what they do with it.
export const getDefaultAgent = async (ctx: Ctx): Promise<AgentForTurn> => {
  const row = await selectAgents(ctx.db, ctx.workspaceId).where('agents.is_default', '=', true).executeTakeFirst()
  if (!row) throw new AppError('CONFLICT', 'This workspace has no agent yet. Create one with POST /v1/agents.')
  return forTurn(row)
}

/** The named agent, or the default one, paused or not. Throws NOT_FOUND that names `agent_id`. */
// scope: as above; naming an agent tells nothing about it.
export const getAgentOrDefault = async (ctx: Ctx, agentId: string | null): Promise<AgentForTurn> => {
  if (agentId === null) return getDefaultAgent(ctx)
  const row = await selectAgents(ctx.db, ctx.workspaceId).where('agents.id', '=', agentId).executeTakeFirst()
  if (!row) throw notFound('agent', toWireId('agent', agentId), 'agent_id')
  return forTurn(row)
}

/** The agent that answers now. Throws CONFLICT when it is paused. */
// scope: a turn asks for chat:write, which needs no right to read agents.
export const getAgentForTurn = async (ctx: Ctx, agentId: string | null): Promise<AgentForTurn> => {
  const agent = await getAgentOrDefault(ctx, agentId)
  if (agent.status === 'paused')
    throw new AppError('CONFLICT', `The agent '${agent.name}' is paused.`, { param: 'agent_id' })
  return agent
}
