import { type Ctx, requireScope } from '../../context.ts'
import { newestFirst } from '../../newest-first.ts'
import type { Page, PageInput } from '../../wire.ts'
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
  return newestFirst(query, page)
}
