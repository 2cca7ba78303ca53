import { getAgent } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { WidgetKeyRow } from './present.ts'

/** The widget keys of an agent, newest first, the revoked ones included: they are evidence. */
export const listWidgetKeys = async (ctx: Ctx, agentId: string, page: PageInput): Promise<Page<WidgetKeyRow>> => {
  requireScope(ctx, 'agents:read')
  await getAgent(ctx, agentId)
  let query = ctx.db
    .selectFrom('widget_keys')
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
