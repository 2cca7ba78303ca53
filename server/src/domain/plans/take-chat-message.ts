import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { dayOf } from './day-of.ts'
import { noteLimitReached, type ReachedLimit } from './note-limit-reached.ts'
import { PlanLimitError } from './plan-limit-error.ts'

/** What `usage_counters` calls chat messages. */
const chatMessages = 'chat_messages'

// So many questions of a workspace without a limit can be committed at the same moment.
const spread = 16

type Row = { plan_id: string; label: string; most: number | null; elsewhere: number; taken: number | null }

// What a workspace without a limit has counted in other slots still counts on the day that it gets one.
const take = async (tx: Db, workspaceId: string, day: string): Promise<Row> => {
  const slot = 1 + Math.floor(Math.random() * spread)
  const { rows } = await sql<Row>`
    with plan as (
      select p.id, p.label, p.chat_messages_per_day as most
      from workspaces w join plans p on p.id = w.plan_id where w.id = ${workspaceId}
    ), elsewhere as (
      select coalesce(sum(used), 0)::bigint as used from usage_counters
      where workspace_id = ${workspaceId} and metric = ${chatMessages} and day = ${day}::date and slot > 0
    ), taken as (
      insert into usage_counters as c (workspace_id, metric, day, slot, used)
      select ${workspaceId}::uuid, ${chatMessages}, ${day}::date,
        case when plan.most is null then ${slot}::int else 0 end, 1
      from plan, elsewhere where plan.most is null or elsewhere.used < plan.most
      on conflict (workspace_id, metric, day, slot) do update set used = c.used + 1
        where (select most from plan) is null or c.used + (select used from elsewhere) < (select most from plan)
      returning used
    )
    select plan.id as plan_id, plan.label, plan.most, elsewhere.used as elsewhere, taken.used as taken
    from plan, elsewhere left join taken on true`.execute(tx)
  if (!rows[0]) throw new Error(`The workspace ${workspaceId} has no plan.`)
  return rows[0]
}

/** How many questions a workspace has put to agents on that day, as `dayOf` names it. */
export const countChatMessages = async (db: Db, workspaceId: string, day: string): Promise<number> => {
  const { used } = await db
    .selectFrom('usage_counters')
    .select(({ fn }) => fn.coalesce(fn.sum<number>('used'), sql<number>`0`).as('used'))
    .where('workspace_id', '=', workspaceId)
    .where('metric', '=', chatMessages)
    .where('day', '=', day)
    .executeTakeFirstOrThrow()
  return Number(used)
}

// Visitors of a site have no plan to know of, nor to change.
const knowsPlan = ({ actor }: Ctx): boolean => actor.type === 'api_key' || actor.type === 'user'

const refusalOf = (ctx: Ctx, reached: ReachedLimit, plan: { id: string; label: string }): PlanLimitError => {
  const anew = reached.resetsAt.toISOString()
  return knowsPlan(ctx)
    ? new PlanLimitError(
        `Daily message quota exceeded. The plan ${plan.label} allows ${reached.limitValue} chat messages a day; ask again after ${anew}, or change the plan.`,
        reached,
        plan.id,
      )
    : new PlanLimitError(`Daily message quota exceeded. Ask again after ${anew}.`, reached, null)
}

/**
 * Counts one question against the day's limit, in the transaction that stores it: what is not stored is not counted. Comes
 * last there, because others of a workspace with a limit wait for its row. Throws PlanLimitError when nothing is left; the
 * last one that fits tells of it.
 */
export const takeChatMessage = async (ctx: Ctx, tx: Db): Promise<void> => {
  const now = ctx.clock.now()
  const day = dayOf(now)
  const { plan_id, label, most, elsewhere, taken } = await take(tx, ctx.workspaceId, day.name)
  if (most === null) return
  const used =
    taken === null ? await countChatMessages(tx, ctx.workspaceId, day.name) : Number(elsewhere) + Number(taken)
  const reached = {
    workspaceId: ctx.workspaceId,
    limit: 'chat_messages_per_day' as const,
    used,
    limitValue: most,
    periodStart: day.start,
    resetsAt: day.end,
    now,
  }
  if (taken === null) throw refusalOf(ctx, reached, { id: plan_id, label })
  if (used >= most) await noteLimitReached(tx, reached)
}
