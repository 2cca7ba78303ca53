import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { selectWorkspace, type WorkspaceRow } from './queries.ts'

/** The workspaces that the caller can see: a key belongs to one, so there is one. */
export const listWorkspaces = async (ctx: Ctx, page: PageInput): Promise<Page<WorkspaceRow>> => {
  requireScope(ctx, 'accounts:read')
  let query = selectWorkspace(ctx.db, ctx.workspaceId)
  if (page.after) query = query.where('workspaces.id', '<', page.after)
  return toPage(await query.execute(), page.limit)
}
