import { sql } from 'kysely'
import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import type { ApiKeyValidity } from './contract.ts'

type Row = {
  name: string
  scopes: string[]
  expires_at: Date | null
  plan_id: string
  key_calls_per_month: number | null
  user_id: string | null
  email: string | null
  calls: number | null
}

/** Tells the caller about the very key they use, with the owner of its workspace and its calls this month. */
export const validateKey = async (ctx: Ctx, { system }: { system: Db }): Promise<z.infer<typeof ApiKeyValidity>> => {
  const { actor, workspaceId } = ctx
  if (actor.type !== 'api_key') throw new AppError('UNPROCESSABLE', 'Only an API key can be validated.')
  const { rows } = await sql<Row>`
    select k.name, k.scopes, k.expires_at, w.plan_id, p.key_calls_per_month, u.id as user_id, u.email, c.calls
    from api_keys k
    join workspaces w on w.id = k.workspace_id
    join plans p on p.id = w.plan_id
    left join members m on m.workspace_id = coalesce(w.sandbox_of, w.id) and m.role = 'owner'
    left join users u on u.id = m.user_id
    left join api_key_calls c on c.workspace_id = k.workspace_id and c.key_id = k.counted_as
      and c.month = date_trunc('month', ${ctx.clock.now()}::timestamptz at time zone 'UTC')::date
    where k.workspace_id = ${workspaceId} and k.id = ${actor.id}
    order by m.created_at limit 1`.execute(system)
  const row = rows[0]
  if (!row) throw new AppError('UNAUTHORIZED', 'Bearer token is missing or invalid.')
  return {
    valid: true,
    user_id: row.user_id ? toWireId('user', row.user_id) : null,
    email: row.email,
    plan: row.plan_id,
    key_id: toWireId('apiKey', actor.id),
    key_name: row.name,
    workspace_id: toWireId('workspace', workspaceId),
    mode: ctx.mode,
    scopes: row.scopes,
    expires_at: row.expires_at?.toISOString() ?? null,
    usage: Number(row.calls ?? 0),
    limit: ctx.mode === 'sandbox' ? null : row.key_calls_per_month,
  }
}
