import { notFound } from '../../../base/errors.ts'
import { toWireId } from '../../../base/ids.ts'
import { type Ctx, requireScope } from '../../context.ts'
import type { BackfillRow } from './present.ts'

export const getBackfill = async (ctx: Ctx, id: string): Promise<BackfillRow> => {
  requireScope(ctx, 'events:read')
  const row = await ctx.db
    .selectFrom('backfills')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('backfill', toWireId('backfill', id))
  return row
}
