import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { type AgentRow, selectAgents } from './queries.ts'

/** Agents, newest first, each with its current version. */
export const listAgents = async (ctx: Ctx, page: PageInput): Promise<Page<AgentRow>> => {
  requireScope(ctx, 'agents:read')
  let query = selectAgents(ctx.db, ctx.workspaceId)
  if (page.after) query = query.where('agents.id', '<', page.after)
  const rows = await query
    .orderBy('agents.id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
