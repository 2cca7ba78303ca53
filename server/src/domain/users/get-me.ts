import { sql } from 'kysely'
import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import type { Me } from './contract.ts'

type Row = {
  id: string
  name: string
  email: string
  avatar_url: string | null
  created_at: Date
  last_seen_at: Date | null
  plan_id: string
  plan_label: string
  status: string
  chat_messages_per_day: number | null
  requests_per_minute: number | null
  automations_max: number | null
}

/** The signed-in user, or the first owner of the workspace whose key calls, with the plan of that workspace. */
export const getMe = async (ctx: Ctx, { system }: { system: Db }): Promise<z.infer<typeof Me>> => {
  const userId = ctx.actor.type === 'user' ? ctx.actor.id : null
  const { rows } = await sql<Row>`
    select u.id, u.name, u.email, u.avatar_url, u.created_at, u.last_seen_at,
      p.id as plan_id, p.label as plan_label, w.status,
      p.chat_messages_per_day, p.requests_per_minute, p.automations_max
    from workspaces w
    join plans p on p.id = w.plan_id
    join members m on m.workspace_id = coalesce(w.sandbox_of, w.id)
    join users u on u.id = m.user_id
    where w.id = ${ctx.workspaceId}
      and case when ${userId}::uuid is null then m.role = 'owner' else m.user_id = ${userId}::uuid end
    order by m.created_at, u.id limit 1`.execute(system)
  const row = rows[0]
  if (!row) throw new AppError('NOT_FOUND', 'This workspace has no owner.')
  return {
    id: toWireId('user', row.id),
    name: row.name,
    email: row.email,
    avatar_url: row.avatar_url,
    plan: { id: row.plan_id, label: row.plan_label, status: row.status, renews_at: null },
    quota: {
      chat_limit_daily: row.chat_messages_per_day,
      api_limit_per_minute: row.requests_per_minute,
      automations_max: row.automations_max,
    },
    created_at: row.created_at.toISOString(),
    last_seen_at: row.last_seen_at?.toISOString() ?? null,
  }
}
