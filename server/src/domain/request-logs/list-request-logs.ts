import { timeOfId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { RequestLogRow } from './present.ts'

export type RequestFilter = {
  status?: { from: number; below: number } | undefined
  method?: string | undefined
  /** With parameters in braces: `/v1/contacts/{id}`. */
  route?: string | undefined
  keyId?: string | undefined
  requestId?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

/** Requests of the workspace, newest first. `from` is inclusive, `to` is not. */
export const listRequestLogs = async (
  ctx: Ctx,
  filter: RequestFilter,
  page: PageInput,
): Promise<Page<RequestLogRow>> => {
  requireScope(ctx, 'logs:read')
  let query = ctx.db.selectFrom('request_logs').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (filter.status) query = query.where('status', '>=', filter.status.from).where('status', '<', filter.status.below)
  if (filter.method !== undefined) query = query.where('method', '=', filter.method)
  if (filter.route !== undefined) query = query.where('route', '=', filter.route)
  if (filter.keyId !== undefined) query = query.where('key_id', '=', filter.keyId)
  if (filter.requestId !== undefined) query = query.where('request_id', '=', filter.requestId)
  if (filter.from) query = query.where('created_at', '>=', filter.from)
  if (filter.to) query = query.where('created_at', '<', filter.to)
  // The time is in the id, so that (created_at, id) is the order of the ids.
  if (page.after) query = query.where('created_at', '<=', timeOfId(page.after)).where('id', '<', page.after)
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
