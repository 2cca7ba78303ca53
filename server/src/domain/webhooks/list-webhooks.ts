import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { WebhookRow } from './present.ts'

/** Webhooks, newest first. */
export const listWebhooks = async (ctx: Ctx, page: PageInput): Promise<Page<WebhookRow>> => {
  requireScope(ctx, 'webhooks:read')
  let query = ctx.db.selectFrom('webhooks').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (page.after) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
