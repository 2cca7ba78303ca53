import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { SourceRow } from './present.ts'

export type SourceFilter = { status?: SourceRow['status'] | undefined; type?: SourceRow['type'] | undefined }

/** Knowledge sources, newest first. */
export const listSources = async (ctx: Ctx, filter: SourceFilter, page: PageInput): Promise<Page<SourceRow>> => {
  requireScope(ctx, 'knowledge:read')
  let query = ctx.db.selectFrom('knowledge_sources').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (filter.status) query = query.where('status', '=', filter.status)
  if (filter.type) query = query.where('type', '=', filter.type)
  return newestFirst(query, page)
}
