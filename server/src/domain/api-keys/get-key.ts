import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { ApiKeyRow } from './present.ts'

export const getKey = async (ctx: Ctx, id: string): Promise<ApiKeyRow> => {
  requireScope(ctx, 'api_keys:manage')
  const row = await ctx.db
    .selectFrom('api_keys')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('API key', toWireId('apiKey', id))
  return row
}
