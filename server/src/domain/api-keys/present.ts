import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Ctx } from '../context.ts'
import type { ApiKey } from './contract.ts'

export type ApiKeyRow = Selectable<Tables['api_keys']>

const statusOf = (row: ApiKeyRow, now: Date): 'active' | 'expired' | 'revoked' | 'rotating' => {
  if (row.revoked_at && row.revoked_at <= now) return 'revoked'
  if (row.expires_at && row.expires_at <= now) return 'expired'
  if (row.grace_until) return row.grace_until <= now ? 'revoked' : 'rotating'
  return 'active'
}

export const presentApiKey = (ctx: Ctx, row: ApiKeyRow): z.infer<typeof ApiKey> => ({
  id: toWireId('apiKey', row.id),
  name: row.name,
  prefix: row.display_prefix,
  mode: ctx.mode,
  scopes: row.scopes,
  allowed_addresses: row.allowed_addresses,
  status: statusOf(row, ctx.clock.now()),
  requests_per_minute: row.requests_per_minute,
  expires_at: row.expires_at?.toISOString() ?? null,
  revoked_at: row.revoked_at?.toISOString() ?? null,
  last_used_at: row.last_used_at?.toISOString() ?? null,
  replaced_by: row.replaced_by ? toWireId('apiKey', row.replaced_by) : null,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
})
