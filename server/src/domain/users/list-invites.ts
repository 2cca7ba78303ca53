import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { InviteRow } from './present.ts'

/** Invites of the workspace, newest first, also those that are over: they are evidence. */
export const listInvites = async (ctx: Ctx, page: PageInput): Promise<Page<InviteRow>> => {
  requireScope(ctx, 'members:read')
  let query = ctx.db.selectFrom('invites').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (page.after) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
