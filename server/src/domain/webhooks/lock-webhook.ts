import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { laneOf, lockLane } from './lane.ts'
import type { WebhookRow } from './present.ts'

/** Reads a webhook and keeps it, and the outcomes of its deliveries, from changing until the transaction ends. */
export const lockWebhook = async (ctx: Ctx, tx: Db, id: string): Promise<WebhookRow> => {
  await lockLane(tx, laneOf(ctx.workspaceId, id))
  const row = await tx
    .selectFrom('webhooks')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw notFound('webhook', toWireId('webhook', id))
  return row
}
