import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx, type KeyBounds, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { abilities } from '../scope-catalog.ts'
import type { Scope } from '../scopes.ts'
import type { CreateApiKey } from './contract.ts'
import { apiKeyCreated } from './events.ts'
import { insertKey } from './insert-key.ts'
import type { KeyFormat } from './key-format.ts'
import type { ApiKeyRow } from './present.ts'
import { refuseBeyondMinter, type WantedKey } from './refuse-beyond-minter.ts'
import { requireFuture } from './require-future.ts'

const scopesOf = ({ scopes = [], abilities: named = [] }: z.output<typeof CreateApiKey>): Scope[] => {
  const wanted = [...scopes, ...named.flatMap((name) => abilities[name].scopes)]
  if (wanted.length === 0)
    throw new AppError('BAD_REQUEST', 'scopes or abilities must say what the key may do.', { param: 'scopes' })
  return [...new Set(wanted)]
}

const unbound: KeyBounds = { allowedAddresses: [], expiresAt: null, requestsPerMinute: null }

// What is left out is as with the key that mints; null is said.
const wantedOf = ({ actor }: Ctx, input: z.output<typeof CreateApiKey>): WantedKey => {
  const own = actor.type === 'api_key' ? actor.bounds : unbound
  const { allowed_addresses, expires_at, requests_per_minute } = input
  return {
    scopes: scopesOf(input),
    allowedAddresses: allowed_addresses ?? own.allowedAddresses,
    expiresAt: expires_at === undefined ? own.expiresAt : expires_at,
    requestsPerMinute: requests_per_minute === undefined ? own.requestsPerMinute : requests_per_minute,
  }
}

/** Mints a key. The answer is the only place where the key can ever be read. */
export const createKey = async (
  ctx: Ctx,
  input: z.output<typeof CreateApiKey>,
  { keys }: { keys: KeyFormat },
): Promise<{ row: ApiKeyRow; key: string }> => {
  requireScope(ctx, 'api_keys:manage')
  const wanted = wantedOf(ctx, input)
  refuseBeyondMinter(ctx, wanted)
  requireFuture(wanted.expiresAt, ctx.clock.now())
  return transaction(ctx.db, async (tx) => {
    const made = await insertKey(ctx, tx, { name: input.name, ...wanted }, keys)
    await recordEvent(ctx, tx, apiKeyCreated, {
      subject: { type: 'api_key', id: made.row.id },
      data: {
        id: toWireId('apiKey', made.row.id),
        name: made.row.name,
        scopes: made.row.scopes,
        actor: actorName(ctx.actor),
      },
    })
    await recordAudit(ctx, tx, {
      action: 'api_key.created',
      target: { type: 'api_key', id: toWireId('apiKey', made.row.id) },
      detail: {
        prefix: made.row.display_prefix,
        scopes: made.row.scopes,
        allowed_addresses: made.row.allowed_addresses,
      },
    })
    return made
  })
}
