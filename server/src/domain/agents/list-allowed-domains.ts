import { type Ctx, requireScope } from '../context.ts'
import { getAgent } from './get-agent.ts'
import { type AllowedDomainRow, readAllowedDomains } from './queries.ts'

/** The sites that may show the agent, oldest first; all of them, since there are few. */
export const listAllowedDomains = async (ctx: Ctx, agentId: string): Promise<AllowedDomainRow[]> => {
  requireScope(ctx, 'agents:read')
  await getAgent(ctx, agentId)
  return readAllowedDomains(ctx.db, ctx.workspaceId, agentId)
}
