import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { type AgentRow, selectAgents } from './queries.ts'

/** Agents, newest first, each with its current version. */
export const listAgents = async (ctx: Ctx, page: PageInput): Promise<Page<AgentRow>> => {
  requireScope(ctx, 'agents:read')
  const query = selectAgents(ctx.db, ctx.workspaceId)
  return newestFirst(query, page, 'agents.id')
}
