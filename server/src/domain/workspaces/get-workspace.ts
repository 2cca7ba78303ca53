import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import { selectWorkspace, type WorkspaceRow } from './queries.ts'

/** The caller's own workspace; any other is not found. */
export const getWorkspace = async (ctx: Ctx, id: string): Promise<WorkspaceRow> => {
  requireScope(ctx, 'accounts:read')
  const row = id === ctx.workspaceId ? await selectWorkspace(ctx.db, ctx.workspaceId).executeTakeFirst() : undefined
  if (!row) throw notFound('account', toWireId('workspace', id))
  return row
}
