import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { WebhookRow } from './present.ts'

/** Webhooks, newest first. */
export const listWebhooks = async (ctx: Ctx, page: PageInput): Promise<Page<WebhookRow>> => {
  requireScope(ctx, 'webhooks:read')
  const query = ctx.db.selectFrom('webhooks').selectAll().where('workspace_id', '=', ctx.workspaceId)
  return newestFirst(query, page)
}
