import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { RequestLog } from './contract.ts'

export type RequestLogRow = Selectable<Tables['request_logs']>

export const presentRequestLog = (row: RequestLogRow): z.infer<typeof RequestLog> => ({
  id: toWireId('requestLog', row.id),
  created_at: row.created_at.toISOString(),
  request_id: row.request_id,
  key_id: row.key_id && toWireId('apiKey', row.key_id),
  method: row.method,
  route: row.route,
  status: row.status,
  error_code: row.error_code,
  duration_ms: row.duration_ms,
  bytes_in: row.bytes_in,
  bytes_out: row.bytes_out,
  address: row.address,
  idempotency_key_hash: row.idempotency_key_hash,
})
