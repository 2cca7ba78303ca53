import type { z } from 'zod'
import { type Ctx, requireScope } from '../context.ts'
import type { WebhookWithMissed } from './contract.ts'

type Missed = z.infer<typeof WebhookWithMissed>['missed']

/** What failed for good at a webhook since it last took something: the window of a backfill that brings it. */
export const readMissed = async (ctx: Ctx, id: string): Promise<Missed> => {
  requireScope(ctx, 'webhooks:read')
  const trouble = await ctx.db
    .selectFrom('webhook_troubles')
    .select(['missed_from', 'last_failure_at', 'failed_deliveries'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('webhook_id', '=', id)
    .executeTakeFirst()
  if (!trouble || Number(trouble.failed_deliveries) === 0) return null
  return {
    from: trouble.missed_from.toISOString(),
    to: trouble.last_failure_at.toISOString(),
    failed_deliveries: Number(trouble.failed_deliveries),
  }
}
