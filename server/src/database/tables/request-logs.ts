import type { Owned } from './columns.ts'

type RequestLogsTable = Owned & {
  created_at: Date
  id: string
  key_id: string | null
  method: string
  route: string
  status: number
  duration_ms: number
  bytes_in: number
  bytes_out: number | null
  address: string
  request_id: string
  idempotency_key_hash: string | null
  error_code: string | null
}

export type RequestLogsTables = {
  request_logs: RequestLogsTable
}
