import type { ColumnType } from 'kysely'
import type { Owned } from './columns.ts'

type IdempotencyKeysTable = Owned & {
  key: string
  fingerprint: Buffer
  status: number | null
  body: string | null
  locked_until: Date | null
  resource_id: ColumnType<string | null, string | null | undefined, string | null>
  created_at: Date
  expires_at: Date
}

export type IdempotencyTables = {
  idempotency_keys: IdempotencyKeysTable
}
