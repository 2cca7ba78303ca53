import type { ColumnType } from 'kysely'
import type { Counter, Owned, Stamped } from './columns.ts'

type UsersTable = Stamped & {
  id: string
  email: string
  name: string
  email_verified: boolean
  password_hash: string
  avatar_url: ColumnType<string | null, string | null | undefined, string | null>
  last_seen_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

type MembersTable = Owned & { user_id: string; role: string; created_at: Date }

type InvitesTable = Owned & {
  id: string
  email: string
  role: string
  token_hash: Buffer
  invited_by: string
  created_at: Date
  expires_at: Date
  accepted_at: Date | null
  revoked_at: Date | null
}

type TotpFactorsTable = {
  user_id: string
  sealed: Buffer
  confirmed_at: Date | null
  last_step: Counter
  created_at: Date
}

type RecoveryCodesTable = { user_id: string; hash: Buffer }

type SignInAttemptsTable = { bucket: Buffer; attempts: number; since: Date }

export type UsersTables = {
  users: UsersTable
  members: MembersTable
  invites: InvitesTable
  totp_factors: TotpFactorsTable
  recovery_codes: RecoveryCodesTable
  sign_in_attempts: SignInAttemptsTable
}
