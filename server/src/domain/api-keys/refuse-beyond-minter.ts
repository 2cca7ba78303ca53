import { AppError } from '../../base/errors.ts'
import { isWithinNetworks } from '../../base/networks.ts'
import type { Ctx, KeyBounds } from '../context.ts'
import { holdsScope, type Scope } from '../scopes.ts'
import type { ApiKeyRow } from './present.ts'

// They reach beyond the client that the key would be for.
const ofAgencies: readonly Scope[] = ['accounts:write', 'workspaces:act']

const refuseForClient = (ctx: Ctx, wanted: readonly Scope[]): void => {
  const agencyOnly = 'agencyId' in ctx.actor ? wanted.filter((scope) => ofAgencies.includes(scope)) : []
  if (agencyOnly.length === 0) return
  throw new AppError('FORBIDDEN', `A key for a client cannot hold what is for agencies: ${agencyOnly.join(', ')}.`, {
    param: 'scopes',
    details: { agency_scopes: agencyOnly },
  })
}

const refuseScopes = (held: ReadonlySet<string>, wanted: readonly Scope[]): void => {
  const beyond = wanted.filter((scope) => !holdsScope(held, scope))
  if (beyond.length === 0) return
  throw new AppError('FORBIDDEN', `Nobody can grant scopes that they lack: ${beyond.join(', ')}.`, {
    param: 'scopes',
    details: { missing_scopes: beyond },
  })
}

const refuseAddresses = (own: KeyBounds, wanted: KeyBounds): void => {
  const { allowedAddresses: allowed } = own
  if (allowed.length === 0) return
  const beyond = wanted.allowedAddresses.filter((network) => !isWithinNetworks(network, allowed))
  if (beyond.length === 0 && wanted.allowedAddresses.length > 0) return
  throw new AppError(
    'FORBIDDEN',
    `This key is bound to addresses, and so is every key that it makes or changes; beyond them ${beyond.length > 0 ? beyond.join(', ') : 'is everywhere'}.`,
    { param: 'allowed_addresses', details: { allowed_addresses: allowed } },
  )
}

const refuseEnd = (own: KeyBounds, wanted: KeyBounds): void => {
  if (!own.expiresAt || (wanted.expiresAt && wanted.expiresAt <= own.expiresAt)) return
  const end = own.expiresAt.toISOString()
  throw new AppError('FORBIDDEN', `No key that this one makes or changes can outlive it: it ends at ${end}.`, {
    param: 'expires_at',
    details: { expires_at: end },
  })
}

const refuseLimit = (own: KeyBounds, wanted: KeyBounds): void => {
  const { requestsPerMinute: limit } = own
  if (limit === null || (wanted.requestsPerMinute !== null && wanted.requestsPerMinute <= limit)) return
  throw new AppError('FORBIDDEN', `No key that this one makes or changes can send more than its ${limit} a minute.`, {
    param: 'requests_per_minute',
    details: { requests_per_minute: limit },
  })
}

/** The key as it would be, or is. */
export type WantedKey = KeyBounds & { scopes: readonly Scope[] }

export const wantedKeyOf = (row: ApiKeyRow): WantedKey => ({
  // The column holds what the contract let in.
  scopes: row.scopes as Scope[],
  allowedAddresses: row.allowed_addresses,
  expiresAt: row.expires_at,
  requestsPerMinute: row.requests_per_minute,
})

/**
 * Throws FORBIDDEN, naming the field, for a key that may do more than whoever makes or changes it, from more places, for
 * longer or more often: else every bound of a key that manages keys would be a suggestion.
 */
// scope: the verbs that call this have checked theirs.
export const refuseBeyondMinter = (ctx: Ctx, wanted: WantedKey): void => {
  const { actor } = ctx
  if (!('scopes' in actor)) return
  refuseForClient(ctx, wanted.scopes)
  refuseScopes(actor.scopes, wanted.scopes)
  if (actor.type !== 'api_key') return
  refuseAddresses(actor.bounds, wanted)
  refuseEnd(actor.bounds, wanted)
  refuseLimit(actor.bounds, wanted)
}
