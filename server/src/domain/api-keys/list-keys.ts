import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { ApiKeyRow } from './present.ts'

/** Keys of the workspace, newest first, the dead ones included: they are evidence. */
export const listKeys = async (ctx: Ctx, page: PageInput): Promise<Page<ApiKeyRow>> => {
  requireScope(ctx, 'api_keys:manage')
  let query = ctx.db.selectFrom('api_keys').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (page.after) query = query.where('id', '<', page.after)
  return toPage(
    await query
      .orderBy('id', 'desc')
      .limit(page.limit + 1)
      .execute(),
    page.limit,
  )
}
