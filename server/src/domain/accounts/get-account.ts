import { type Ctx, requireScope } from '../context.ts'
import { type AccountRow, accountNotFound, selectAccounts } from './queries.ts'

/** The caller's own workspace, or that of a client; any other is not found. */
export const getAccount = async (ctx: Ctx, id: string): Promise<AccountRow> => {
  requireScope(ctx, 'accounts:read')
  const row = await selectAccounts(ctx.db, ctx.workspaceId).where('workspaces.id', '=', id).executeTakeFirst()
  if (!row) throw accountNotFound(id)
  return row
}
