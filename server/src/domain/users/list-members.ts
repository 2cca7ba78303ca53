import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { type MemberRow, selectMembers } from './queries.ts'

/** The people of the workspace, the newest account first. A sandbox has none of its own: those of its live workspace use it. */
export const listMembers = async (ctx: Ctx, page: PageInput): Promise<Page<MemberRow>> => {
  requireScope(ctx, 'members:read')
  const query = selectMembers(ctx.db, ctx.workspaceId)
  return newestFirst(query, page, 'm.user_id')
}
