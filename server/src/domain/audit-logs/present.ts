import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { AuditLog, auditActions } from './contract.ts'

export type AuditLogRow = Selectable<Tables['audit_logs']>

export const presentAuditLog = (row: AuditLogRow): z.infer<typeof AuditLog> => ({
  id: toWireId('auditLog', row.id),
  // Only recordAudit writes here.
  action: row.action as (typeof auditActions)[number],
  actor: row.actor,
  target: { type: row.target_type, id: row.target_id },
  request_id: row.request_id,
  detail: JSON.parse(row.detail),
  created_at: row.created_at.toISOString(),
})
