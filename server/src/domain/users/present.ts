import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Invite, Member } from './contract.ts'
import type { MemberRow } from './queries.ts'
import type { Role } from './roles.ts'

export const presentMember = (row: MemberRow): z.infer<typeof Member> => ({
  user_id: toWireId('user', row.id),
  name: row.name,
  email: row.email,
  avatar_url: row.avatar_url,
  role: row.role,
  last_seen_at: row.last_seen_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
})

export type InviteRow = Selectable<Tables['invites']>

const statusOf = (row: InviteRow, now: Date): z.infer<typeof Invite>['status'] => {
  if (row.accepted_at) return 'accepted'
  if (row.revoked_at) return 'revoked'
  return row.expires_at <= now ? 'expired' : 'pending'
}

export const presentInvite = (row: InviteRow, now: Date): z.infer<typeof Invite> => ({
  id: toWireId('invite', row.id),
  email: row.email,
  // The column's check allows the roles alone.
  role: row.role as Role,
  status: statusOf(row, now),
  invited_by: row.invited_by,
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  accepted_at: row.accepted_at?.toISOString() ?? null,
})
