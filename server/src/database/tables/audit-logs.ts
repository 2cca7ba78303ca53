import type { Owned } from './columns.ts'

type AuditLogsTable = Owned & {
  id: string
  created_at: Date
  action: string
  actor: string
  target_type: string
  target_id: string
  request_id: string
  detail: string
}

export type AuditLogsTables = {
  audit_logs: AuditLogsTable
}
