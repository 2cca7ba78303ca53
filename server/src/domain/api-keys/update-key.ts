import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import type { UpdateApiKey } from './contract.ts'
import { apiKeyUpdated } from './events.ts'
import { nextWarningAt } from './next-warning.ts'
import type { ApiKeyRow } from './present.ts'
import { lockKeyRow } from './queries.ts'
import { refuseBeyondMinter, wantedKeyOf } from './refuse-beyond-minter.ts'
import { requireFuture } from './require-future.ts'
import { requireLiving } from './require-living.ts'

type Changes = z.output<typeof UpdateApiKey>

const changeable = ['name', 'allowed_addresses', 'expires_at', 'requests_per_minute'] as const

const applyChanges = (row: ApiKeyRow, changes: Changes): ApiKeyRow => ({
  ...row,
  ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
})

const differences = (before: ApiKeyRow, after: ApiKeyRow): string[] =>
  changeable.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))

/**
 * Changes the named fields of a living key; what it may do never changes. Throws CONFLICT for a dead key, and FORBIDDEN
 * to whoever could not have minted it, as it was or as it would be. Returns the row as it is now; its hash is for caches to forget.
 */
export const updateKey = async (ctx: Ctx, id: string, input: Changes): Promise<ApiKeyRow> => {
  requireScope(ctx, 'api_keys:manage')
  return transaction(ctx.db, async (tx) => {
    const now = ctx.clock.now()
    const old = await lockKeyRow(ctx, tx, id)
    requireLiving(old, now, 'changed')
    refuseBeyondMinter(ctx, wantedKeyOf(old))
    const row = applyChanges(old, input)
    const changed = differences(old, row)
    if (changed.length === 0) return old
    refuseBeyondMinter(ctx, wantedKeyOf(row))
    if (changed.includes('expires_at')) {
      requireFuture(row.expires_at, now)
      row.expiry_warning_at = nextWarningAt(row.expires_at, now)
    }
    const { name, allowed_addresses, expires_at, expiry_warning_at, requests_per_minute } = row
    await tx
      .updateTable('api_keys')
      .set({ name, allowed_addresses, expires_at, expiry_warning_at, requests_per_minute })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await recordEvent(ctx, tx, apiKeyUpdated, {
      subject: { type: 'api_key', id },
      data: { id: toWireId('apiKey', id), name, scopes: row.scopes, actor: actorName(ctx.actor), changed },
    })
    await recordAudit(ctx, tx, {
      action: 'api_key.updated',
      target: { type: 'api_key', id: toWireId('apiKey', id) },
      detail: { changed, allowed_addresses, expires_at: expires_at?.toISOString() ?? null, requests_per_minute },
    })
    return row
  })
}
