import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { createWebhookSecret } from '../../base/signature.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { webhookUpdated } from './events.ts'
import { lockWebhook } from './lock-webhook.ts'
import { presentWebhook, type WebhookRow } from './present.ts'
import { readSecrets } from './read-secrets.ts'
import { type StoredSecret, secretOwner } from './webhook-keys.ts'

const usualOverlapSeconds = 86_400
// The current one and two before it: a receiver compares with each of them.
const maxSecrets = 3

const retire = async (tx: Db, row: WebhookRow, until: Date): Promise<void> => {
  const secrets = () =>
    tx.updateTable('webhook_secrets').where('workspace_id', '=', row.workspace_id).where('webhook_id', '=', row.id)
  await secrets().set({ state: 'previous', expires_at: until }).where('state', '=', 'current').execute()
  // None outlives the one that followed it.
  await secrets().set({ expires_at: until }).where('state', '=', 'previous').where('expires_at', '>', until).execute()
}

const refuseMore = (living: readonly StoredSecret[]): void => {
  if (living.length < maxSecrets) return
  throw new AppError(
    'CONFLICT',
    'Two older secrets still sign. Promote the newest first, or rotate with `overlap_seconds: 0` to end them at once.',
  )
}

type Rotated = { secret: string; previousExpiresAt: Date | null }

/**
 * Gives a webhook a new secret, which signs from now on. The old one signs beside it until the overlap ends, and alone
 * keeps making the legacy signature, which can be only one. Without an overlap every older secret ends at once.
 */
export const rotateSecret = async (
  ctx: Ctx,
  id: string,
  { overlapSeconds = usualOverlapSeconds }: { overlapSeconds?: number | undefined },
  { secretBox }: { secretBox: SecretBox },
): Promise<Rotated> => {
  requireScope(ctx, 'webhooks:rotate')
  const secret = createWebhookSecret()
  return transaction(ctx.db, async (tx) => {
    const now = ctx.clock.now()
    const row = await lockWebhook(ctx, tx, id)
    const living = await readSecrets(tx, ctx.workspaceId, id, now)
    if (overlapSeconds > 0) refuseMore(living)
    const until = new Date(now.getTime() + overlapSeconds * 1_000)
    const current = living[0]!.version
    await retire(tx, row, until)
    await tx
      .insertInto('webhook_secrets')
      .values({
        workspace_id: ctx.workspaceId,
        webhook_id: id,
        version: current + 1,
        sealed: secretBox.seal(secret, secretOwner(id)),
        state: 'current',
        created_at: now,
        expires_at: null,
      })
      .execute()
    const stillLegacy = living.some(({ version }) => version === row.legacy_version)
    const changed: WebhookRow = {
      ...row,
      legacy_version: overlapSeconds === 0 ? null : stillLegacy ? row.legacy_version : current,
      previous_secrets_until: overlapSeconds === 0 ? null : until,
      endpoint_version: row.endpoint_version + 1,
      updated_at: now,
    }
    const { legacy_version, previous_secrets_until, endpoint_version, updated_at } = changed
    await tx
      .updateTable('webhooks')
      .set({ legacy_version, previous_secrets_until, endpoint_version, updated_at })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await recordEvent(ctx, tx, webhookUpdated, { subject: { type: 'webhook', id }, data: presentWebhook(changed) })
    await recordAudit(ctx, tx, {
      action: 'webhook.secret_rotated',
      target: { type: 'webhook', id: toWireId('webhook', id) },
      detail: { overlap_seconds: overlapSeconds, secret_shown: true },
    })
    return { secret, previousExpiresAt: changed.previous_secrets_until }
  })
}
