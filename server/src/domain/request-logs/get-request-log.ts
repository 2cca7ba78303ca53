import { notFound } from '../../base/errors.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { RequestLogRow } from './present.ts'

export const getRequestLog = async (ctx: Ctx, id: string): Promise<RequestLogRow> => {
  requireScope(ctx, 'logs:read')
  const row = await ctx.db
    .selectFrom('request_logs')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('created_at', '=', timeOfId(id))
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('request log', toWireId('requestLog', id))
  return row
}
