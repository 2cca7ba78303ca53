import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { widgetKeyRevoked } from './events.ts'
import { lockWidgetKeyRow, type WidgetKeyPath } from './queries.ts'
import { recordKeyChange } from './record-key-change.ts'

/**
 * Ends a key for good: nobody opens a conversation by it any more. Those that were opened keep their secrets until they
 * expire, for their visitors have done nothing wrong. Revoking a revoked key changes nothing and succeeds.
 */
// no event: recordKeyChange records it.
export const revokeWidgetKey = async (ctx: Ctx, path: WidgetKeyPath): Promise<void> => {
  requireScope(ctx, 'agents:write')
  await transaction(ctx.db, async (tx) => {
    const row = await lockWidgetKeyRow(ctx, tx, path)
    if (row.revoked_at) return
    await tx
      .updateTable('widget_keys')
      .set({ revoked_at: ctx.clock.now() })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', path.keyId)
      .execute()
    await recordKeyChange(ctx, tx, widgetKeyRevoked, row)
  })
}
