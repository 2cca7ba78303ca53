import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { apiKeyRevoked } from './events.ts'
import { lockKeyRow } from './queries.ts'

/** Ends a key for good. Revoking a revoked key changes nothing and succeeds. Returns the hash, for caches to forget. */
export const revokeKey = async (ctx: Ctx, id: string): Promise<Buffer> => {
  requireScope(ctx, 'api_keys:manage')
  return transaction(ctx.db, async (tx) => {
    const row = await lockKeyRow(ctx, tx, id)
    if (row.revoked_at) return row.hash
    await tx
      .updateTable('api_keys')
      .set({ revoked_at: ctx.clock.now() })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await recordEvent(ctx, tx, apiKeyRevoked, {
      subject: { type: 'api_key', id },
      data: { id: toWireId('apiKey', id), name: row.name, scopes: row.scopes, actor: actorName(ctx.actor) },
    })
    await recordAudit(ctx, tx, {
      action: 'api_key.revoked',
      target: { type: 'api_key', id: toWireId('apiKey', id) },
      detail: { prefix: row.display_prefix },
    })
    return row.hash
  })
}
