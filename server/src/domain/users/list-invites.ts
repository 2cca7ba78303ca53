import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { InviteRow } from './present.ts'

/** Invites of the workspace, newest first, also those that are over: they are evidence. */
export const listInvites = async (ctx: Ctx, page: PageInput): Promise<Page<InviteRow>> => {
  requireScope(ctx, 'members:read')
  const query = ctx.db.selectFrom('invites').selectAll().where('workspace_id', '=', ctx.workspaceId)
  return newestFirst(query, page)
}
