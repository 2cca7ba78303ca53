import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { apiKeyCreated, apiKeyRevoked } from './events.ts'
import { insertKey } from './insert-key.ts'
import type { KeyFormat } from './key-format.ts'
import type { ApiKeyRow } from './present.ts'
import { lockKeyRow } from './queries.ts'
import { refuseBeyondMinter, wantedKeyOf } from './refuse-beyond-minter.ts'
import { requireLiving } from './require-living.ts'

type Rotated = { row: ApiKeyRow; key: string; oldHash: Buffer }

/**
 * Replaces a key by one of the same name, scopes and addresses, which goes on with its counts; the old one dies at once, or
 * after the grace asked for.
 */
export const rotateKey = async (
  ctx: Ctx,
  { id, graceSeconds }: { id: string; graceSeconds: number },
  { keys }: { keys: KeyFormat },
): Promise<Rotated> => {
  requireScope(ctx, 'api_keys:manage')
  return transaction(ctx.db, async (tx) => {
    const now = ctx.clock.now()
    const old = await lockKeyRow(ctx, tx, id)
    requireLiving(old, now, 'rotated')
    refuseBeyondMinter(ctx, wantedKeyOf(old))
    const made = await insertKey(
      ctx,
      tx,
      {
        name: old.name,
        scopes: old.scopes,
        expiresAt: old.expires_at,
        allowedAddresses: old.allowed_addresses,
        requestsPerMinute: old.requests_per_minute,
        countedAs: old.counted_as,
      },
      keys,
    )
    const end = graceSeconds > 0 ? { grace_until: new Date(now.getTime() + graceSeconds * 1_000) } : { revoked_at: now }
    await tx
      .updateTable('api_keys')
      .set({ ...end, replaced_by: made.row.id })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    const data = (keyId: string) => ({
      id: toWireId('apiKey', keyId),
      name: old.name,
      scopes: old.scopes,
      actor: actorName(ctx.actor),
    })
    await recordEvent(ctx, tx, apiKeyCreated, {
      subject: { type: 'api_key', id: made.row.id },
      data: data(made.row.id),
    })
    if (graceSeconds === 0)
      await recordEvent(ctx, tx, apiKeyRevoked, { subject: { type: 'api_key', id }, data: data(id) })
    await recordAudit(ctx, tx, {
      action: 'api_key.rotated',
      target: { type: 'api_key', id: toWireId('apiKey', id) },
      detail: { replaced_by: toWireId('apiKey', made.row.id), grace_seconds: graceSeconds },
    })
    return { ...made, oldHash: old.hash }
  })
}
