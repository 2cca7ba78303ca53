import { timeOfId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { AttemptRow } from './present-delivery.ts'

/** The attempts of several deliveries, by the delivery's id, each delivery's oldest first. */
export const listAttempts = async (ctx: Ctx, deliveryIds: readonly string[]): Promise<Map<string, AttemptRow[]>> => {
  requireScope(ctx, 'events:read')
  if (deliveryIds.length === 0) return new Map()
  const rows = await ctx.db
    .selectFrom('delivery_attempts')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('event_at', 'in', [...new Set(deliveryIds.map(timeOfId))])
    .where('delivery_id', 'in', [...deliveryIds])
    .orderBy('number')
    .orderBy('epoch')
    .execute()
  return Map.groupBy(rows, (row) => row.delivery_id)
}
