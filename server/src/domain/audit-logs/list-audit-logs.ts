import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { auditActions } from './contract.ts'
import type { AuditLogRow } from './present.ts'

export type AuditFilter = {
  action?: (typeof auditActions)[number] | undefined
  /** As it is written: `api_key:key_01h…`. */
  actor?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

// Ids begin with their milliseconds, so that a span of time is a range of the primary key.
const lowestIdAt = (at: Date): string => {
  const ms = Math.max(0, at.getTime()).toString(16).padStart(12, '0').slice(-12)
  return `${ms.slice(0, 8)}-${ms.slice(8)}-0000-0000-000000000000`
}

/** What was done in the workspace, newest first. `from` is inclusive, `to` is not. */
export const listAuditLogs = async (ctx: Ctx, filter: AuditFilter, page: PageInput): Promise<Page<AuditLogRow>> => {
  requireScope(ctx, 'logs:read')
  let query = ctx.db.selectFrom('audit_logs').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (filter.action !== undefined) query = query.where('action', '=', filter.action)
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor)
  if (filter.from) query = query.where('id', '>=', lowestIdAt(filter.from))
  if (filter.to) query = query.where('id', '<', lowestIdAt(filter.to))
  return newestFirst(query, page)
}
