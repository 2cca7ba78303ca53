import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { getAgent } from './get-agent.ts'
import type { AgentVersionRow } from './queries.ts'

/** Every version of an agent, newest first. */
export const listAgentVersions = async (ctx: Ctx, agentId: string, page: PageInput): Promise<Page<AgentVersionRow>> => {
  requireScope(ctx, 'agents:read')
  await getAgent(ctx, agentId)
  const query = ctx.db
    .selectFrom('agent_versions')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('agent_id', '=', agentId)
  return newestFirst(query, page)
}
