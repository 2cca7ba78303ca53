import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { WebhookRow } from './present.ts'

export const getWebhook = async (ctx: Ctx, id: string): Promise<WebhookRow> => {
  requireScope(ctx, 'webhooks:read')
  const row = await ctx.db
    .selectFrom('webhooks')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('webhook', toWireId('webhook', id))
  return row
}
