import type { ColumnType } from 'kysely'
import type { Owned } from './columns.ts'

type ApiKeysTable = Owned & {
  id: string
  name: string
  display_prefix: string
  hash: Buffer
  pepper_version: number
  scopes: string[]
  allowed_addresses: string[]
  expiry_warning_at: Date | null
  requests_per_minute: ColumnType<number | null, number | null | undefined, number | null>
  expires_at: Date | null
  revoked_at: Date | null
  replaced_by: string | null
  counted_as: string
  grace_until: Date | null
  last_used_at: Date | null
  created_by: string
  created_at: Date
}

type ApiKeyCallsTable = Owned & { key_id: string; month: string; calls: number }

export type ApiKeysTables = {
  api_keys: ApiKeysTable
  api_key_calls: ApiKeyCallsTable
}
