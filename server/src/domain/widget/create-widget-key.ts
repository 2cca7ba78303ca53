import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { getAgent } from '../agents/index.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import type { CreateWidgetKey } from './contract.ts'
import { widgetKeyCreated } from './events.ts'
import type { WidgetKeyRow } from './present.ts'
import { recordKeyChange } from './record-key-change.ts'
import type { WidgetFormat } from './widget-format.ts'

const maxLiving = 100

/** Makes a public key by which pages chat with this agent. UNPROCESSABLE beyond a hundred living ones. */
// no event: recordKeyChange records it.
export const createWidgetKey = async (
  ctx: Ctx,
  agentId: string,
  { name = 'Widget' }: z.output<typeof CreateWidgetKey>,
  { widgetFormat }: { widgetFormat: WidgetFormat },
): Promise<WidgetKeyRow> => {
  requireScope(ctx, 'agents:write')
  return transaction(ctx.db, async (tx) => {
    await getAgent({ ...ctx, db: tx }, agentId)
    const living = await tx
      .selectFrom('widget_keys')
      .select('id')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('agent_id', '=', agentId)
      .where('revoked_at', 'is', null)
      .limit(maxLiving)
      .execute()
    if (living.length >= maxLiving)
      throw new AppError('UNPROCESSABLE', `An agent has at most ${maxLiving} widget keys that are not revoked.`)
    const row: WidgetKeyRow = {
      workspace_id: ctx.workspaceId,
      id: newId(),
      agent_id: agentId,
      name,
      key: widgetFormat.createKey(),
      revoked_at: null,
      created_by: actorName(ctx.actor),
      created_at: ctx.clock.now(),
    }
    await tx.insertInto('widget_keys').values(row).execute()
    await recordKeyChange(ctx, tx, widgetKeyCreated, row)
    return row
  })
}
