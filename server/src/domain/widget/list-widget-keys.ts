import { getAgent } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { WidgetKeyRow } from './present.ts'

/** The widget keys of an agent, newest first, the revoked ones included: they are evidence. */
export const listWidgetKeys = async (ctx: Ctx, agentId: string, page: PageInput): Promise<Page<WidgetKeyRow>> => {
  requireScope(ctx, 'agents:read')
  await getAgent(ctx, agentId)
  const query = ctx.db
    .selectFrom('widget_keys')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('agent_id', '=', agentId)
  return newestFirst(query, page)
}
