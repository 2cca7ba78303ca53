import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { type AccountRow, selectAccounts } from './queries.ts'

export type AccountFilter = {
  parent?: string | undefined
  reference?: string | undefined
  sandboxOf?: string | undefined
}

/** The caller's own workspace and those of its clients, the newest first. */
export const listAccounts = async (ctx: Ctx, filter: AccountFilter, page: PageInput): Promise<Page<AccountRow>> => {
  requireScope(ctx, 'accounts:read')
  let query = selectAccounts(ctx.db, ctx.workspaceId)
  if (filter.parent !== undefined) query = query.where('workspaces.parent_id', '=', filter.parent)
  // The own reference is the agency's word: nobody may find out by asking for it.
  if (filter.reference !== undefined)
    query = query
      .where('workspaces.parent_id', '=', ctx.workspaceId)
      .where('workspaces.reference', '=', filter.reference)
  if (filter.sandboxOf !== undefined) query = query.where('workspaces.sandbox_of', '=', filter.sandboxOf)
  return newestFirst(query, page, 'workspaces.id')
}
