export { AuditLog, auditActions } from './contract.ts'
export { listAuditLogs } from './list-audit-logs.ts'
export { presentAuditLog } from './present.ts'
export { recordAudit } from './record-audit.ts'
