import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { type MemberRow, selectMembers } from './queries.ts'

/** The people of the workspace, the newest account first. A sandbox has none of its own: those of its live workspace use it. */
export const listMembers = async (ctx: Ctx, page: PageInput): Promise<Page<MemberRow>> => {
  requireScope(ctx, 'members:read')
  let query = selectMembers(ctx.db, ctx.workspaceId)
  if (page.after) query = query.where('m.user_id', '<', page.after)
  const rows = await query
    .orderBy('m.user_id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
