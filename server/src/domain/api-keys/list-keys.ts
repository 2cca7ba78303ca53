import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { ApiKeyRow } from './present.ts'

/** Keys of the workspace, newest first, the dead ones included: they are evidence. */
export const listKeys = async (ctx: Ctx, page: PageInput): Promise<Page<ApiKeyRow>> => {
  requireScope(ctx, 'api_keys:manage')
  const query = ctx.db.selectFrom('api_keys').selectAll().where('workspace_id', '=', ctx.workspaceId)
  return newestFirst(query, page)
}
