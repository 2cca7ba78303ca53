import { sql } from 'kysely'
import type { z } from 'zod'
import { type Ctx, requireScope } from '../context.ts'
import type { Usage } from './contract.ts'
import { dayOf } from './day-of.ts'
import type { PlanRow } from './queries.ts'
import { countChatMessages } from './take-chat-message.ts'

type Row = PlanRow & { webhooks: number; key_calls: number | null; all_key_calls: number | null }

const read = async (ctx: Ctx, keyId: string | null, month: string): Promise<Row> => {
  const { rows } = await sql<Row>`
    select p.*,
      (select count(*) from webhooks where workspace_id = ${ctx.workspaceId})::int as webhooks,
      (select calls from api_key_calls
        where workspace_id = ${ctx.workspaceId} and key_id = (
          select counted_as from api_keys where workspace_id = ${ctx.workspaceId} and id = ${keyId}::uuid
        ) and month = ${month}::date) as key_calls,
      (select sum(calls) from api_key_calls
        where workspace_id = ${ctx.workspaceId} and month = ${month}::date) as all_key_calls
    from workspaces w join plans p on p.id = w.plan_id where w.id = ${ctx.workspaceId}`.execute(ctx.db)
  if (!rows[0]) throw new Error(`The workspace ${ctx.workspaceId} has no plan.`)
  return rows[0]
}

/**
 * What the caller's workspace has used of its plan. `requests` is what the caller's server has counted in this minute. Reads
 * counters and the few webhooks, whatever the size of the workspace; calls of keys are a few seconds late.
 */
export const getUsage = async (
  ctx: Ctx,
  requests: { used: number; resetsAt: Date } | null,
): Promise<z.infer<typeof Usage>> => {
  requireScope(ctx, 'accounts:read')
  const now = ctx.clock.now()
  const day = dayOf(now)
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()))
  const nextMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString()
  const keyId = ctx.actor.type === 'api_key' ? ctx.actor.id : null
  const row = await read(ctx, keyId, month.toISOString().slice(0, 10))
  const chat = await countChatMessages(ctx.db, ctx.workspaceId, day.name)
  const ofKey = {
    name: 'key_calls_per_month' as const,
    used: Number(row.key_calls ?? 0),
    // The sandbox only counts them.
    limit: ctx.mode === 'sandbox' ? null : row.key_calls_per_month,
    period: 'month' as const,
    resets_at: nextMonth,
  }
  return {
    plan: { id: row.id, label: row.label },
    limits: [
      {
        name: 'requests_per_minute',
        used: requests?.used ?? null,
        limit: row.requests_per_minute,
        period: 'minute',
        resets_at: requests?.resetsAt.toISOString() ?? null,
      },
      {
        name: 'chat_messages_per_day',
        used: chat,
        limit: row.chat_messages_per_day,
        period: 'day',
        resets_at: day.end.toISOString(),
      },
      ...(keyId === null ? [] : [ofKey]),
      {
        name: 'all_key_calls_per_month',
        used: Number(row.all_key_calls ?? 0),
        limit: null,
        period: 'month',
        resets_at: nextMonth,
      },
      { name: 'webhooks_max', used: row.webhooks, limit: row.webhooks_max, period: 'none', resets_at: null },
    ],
  }
}
