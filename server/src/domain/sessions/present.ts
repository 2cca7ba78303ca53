import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import { type Ctx, requireUser } from '../context.ts'
import type { Session } from './contract.ts'

export type SessionRow = Selectable<Tables['sessions']>

export const presentSession = (ctx: Ctx, row: SessionRow): z.infer<typeof Session> => ({
  id: toWireId('session', row.id),
  current: row.id === requireUser(ctx).sessionId,
  workspace_id: toWireId('workspace', row.workspace_id),
  address: row.address,
  user_agent: row.user_agent,
  created_at: row.created_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
})
