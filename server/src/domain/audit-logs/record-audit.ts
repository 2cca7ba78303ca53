import { newId, timeOfId } from '../../base/ids.ts'
import { redact } from '../../base/redact.ts'
import type { Db } from '../../database/open.ts'
import { beforeCommit } from '../../database/transaction.ts'
import { actorName, type Ctx } from '../context.ts'
import type { auditActions } from './contract.ts'

const insertText = `insert into audit_logs (workspace_id, id, created_at, action, actor, target_type, target_id, request_id, detail)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

type Audited = {
  action: (typeof auditActions)[number]
  /** `id` is the wire form: it outlives the object. */
  target: { type: string; id: string }
  /** Ids, names of rights and counts; never a secret, and nothing that a caller wrote freely. */
  detail?: Record<string, unknown>
}

/** Says who did what, with the commit of the change itself: neither is ever there without the other. */
export const recordAudit = async (
  ctx: Pick<Ctx, 'workspaceId' | 'actor' | 'requestId'>,
  tx: Db,
  { action, target, detail = {} }: Audited,
): Promise<void> => {
  const id = newId()
  // Callers choose their request ids, and one may have chosen its key.
  const requestId = redact(ctx.requestId, ['secret']).text
  const parameters = [
    ctx.workspaceId,
    id,
    timeOfId(id),
    action,
    actorName(ctx.actor),
    target.type,
    target.id,
    requestId,
    JSON.stringify(detail),
  ]
  await beforeCommit(tx, { sql: insertText, parameters })
}
