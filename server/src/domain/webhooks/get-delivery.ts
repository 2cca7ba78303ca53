import { timeOfId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import { findDelivery } from './find-delivery.ts'
import type { AttemptRow, DeliveryRow } from './present-delivery.ts'

/** A delivery with every attempt made so far, oldest first. */
export const getDelivery = async (ctx: Ctx, id: string): Promise<{ row: DeliveryRow; attempts: AttemptRow[] }> => {
  requireScope(ctx, 'events:read')
  const row = await findDelivery(ctx.db, ctx.workspaceId, id)
  const attempts = await ctx.db
    .selectFrom('delivery_attempts')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('event_at', '=', timeOfId(id))
    .where('delivery_id', '=', id)
    .orderBy('number')
    .orderBy('epoch')
    .execute()
  return { row, attempts }
}
