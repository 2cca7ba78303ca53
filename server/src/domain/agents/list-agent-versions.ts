import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { getAgent } from './get-agent.ts'
import type { AgentVersionRow } from './queries.ts'

/** Every version of an agent, newest first. */
export const listAgentVersions = async (ctx: Ctx, agentId: string, page: PageInput): Promise<Page<AgentVersionRow>> => {
  requireScope(ctx, 'agents:read')
  await getAgent(ctx, agentId)
  let query = ctx.db
    .selectFrom('agent_versions')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('agent_id', '=', agentId)
  if (page.after) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
