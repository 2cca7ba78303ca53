import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { webhookUpdated } from './events.ts'
import { lockWebhook } from './lock-webhook.ts'
import { presentWebhook, type WebhookRow } from './present.ts'

/** Ends a rotation: from now on the current secret alone signs. Without a rotation under way it changes nothing. */
export const promoteSecret = async (ctx: Ctx, id: string): Promise<WebhookRow> => {
  requireScope(ctx, 'webhooks:rotate')
  return transaction(ctx.db, async (tx) => {
    const row = await lockWebhook(ctx, tx, id)
    const { numDeletedRows } = await tx
      .deleteFrom('webhook_secrets')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('webhook_id', '=', id)
      .where('state', '=', 'previous')
      .executeTakeFirst()
    if (numDeletedRows === 0n && row.previous_secrets_until === null) return row
    const changes = {
      legacy_version: null,
      previous_secrets_until: null,
      endpoint_version: row.endpoint_version + 1,
      updated_at: ctx.clock.now(),
    }
    await tx
      .updateTable('webhooks')
      .set(changes)
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    const changed = { ...row, ...changes }
    await recordEvent(ctx, tx, webhookUpdated, { subject: { type: 'webhook', id }, data: presentWebhook(changed) })
    await recordAudit(ctx, tx, {
      action: 'webhook.secret_promoted',
      target: { type: 'webhook', id: toWireId('webhook', id) },
    })
    return changed
  })
}
