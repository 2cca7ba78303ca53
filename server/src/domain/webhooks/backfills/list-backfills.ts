import { type Ctx, requireScope } from '../../context.ts'
import { type Page, type PageInput, toPage } from '../../wire.ts'
import type { BackfillRow } from './present.ts'

/** Backfills, newest first. */
export const listBackfills = async (
  ctx: Ctx,
  { webhookId }: { webhookId?: string | undefined },
  page: PageInput,
): Promise<Page<BackfillRow>> => {
  requireScope(ctx, 'events:read')
  let query = ctx.db.selectFrom('backfills').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (webhookId !== undefined) query = query.where('webhook_id', '=', webhookId)
  if (page.after) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
