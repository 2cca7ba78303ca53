import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { actorName, type Ctx } from '../context.ts'
import type { KeyFormat } from './key-format.ts'
import { nextWarningAt } from './next-warning.ts'
import type { ApiKeyRow } from './present.ts'

type NewKey = {
  name: string
  scopes: readonly string[]
  expiresAt: Date | null
  allowedAddresses?: readonly string[]
  requestsPerMinute?: number | null
  /** The key whose count this one goes on with. */
  countedAs?: string
}

/** Makes a key and stores only its hash; the key itself exists in the answer alone. */
export const insertKey = async (
  ctx: Ctx,
  tx: Db,
  input: NewKey,
  keys: KeyFormat,
): Promise<{ row: ApiKeyRow; key: string }> => {
  const key = keys.create(ctx.mode)
  const now = ctx.clock.now()
  const id = newId()
  const row = await tx
    .insertInto('api_keys')
    .values({
      workspace_id: ctx.workspaceId,
      id,
      name: input.name,
      display_prefix: keys.display(key),
      hash: keys.hash(key),
      pepper_version: keys.pepperVersion,
      scopes: [...new Set(input.scopes)],
      allowed_addresses: [...(input.allowedAddresses ?? [])],
      expires_at: input.expiresAt,
      expiry_warning_at: nextWarningAt(input.expiresAt, now),
      requests_per_minute: input.requestsPerMinute ?? null,
      revoked_at: null,
      replaced_by: null,
      counted_as: input.countedAs ?? id,
      grace_until: null,
      last_used_at: null,
      created_by: actorName(ctx.actor),
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { row, key }
}
