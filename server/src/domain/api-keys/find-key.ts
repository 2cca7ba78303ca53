import { compileNetworks } from '../../base/networks.ts'
import type { Db } from '../../database/open.ts'
import type { KeyBounds } from '../context.ts'

/** What a living key stands for: its workspace, its rights and the limits of its plan. */
export type KeyHolder = {
  keyId: string
  /** The first of the keys that replaced each other: they share what they have used. */
  countedAs: string
  keyName: string
  workspaceId: string
  mode: 'live' | 'sandbox'
  /** The workspace, or the agency that it belongs to. */
  suspended: boolean
  scopes: ReadonlySet<string>
  bounds: KeyBounds
  planId: string
  requestsPerMinute: number | null
  /** Of this key alone. */
  ownRequestsPerMinute: number | null
  /** Null also in the sandbox, where calls are only counted. */
  keyCallsPerMonth: number | null
  expiresAt: Date | null
  /** Whether the key may be used from an address; null: from everywhere. */
  allowsAddress: ((address: string) => boolean) | null
}

/** Finds the holder of a key by its hash; undefined when the key is unknown or dead. Looks across workspaces, so it takes `system`. */
export const findKey = async (system: Db, hash: Buffer, now: Date): Promise<KeyHolder | undefined> => {
  const row = await system
    .selectFrom('api_keys as k')
    .innerJoin('workspaces as w', 'w.id', 'k.workspace_id')
    .innerJoin('plans as p', 'p.id', 'w.plan_id')
    .leftJoin('workspaces as a', 'a.id', 'w.parent_id')
    .select([
      'k.id',
      'k.counted_as',
      'k.name',
      'k.workspace_id',
      'k.scopes',
      'k.allowed_addresses',
      'k.requests_per_minute as key_requests_per_minute',
      'k.expires_at',
      'k.grace_until',
      'w.mode',
      'w.status',
      'a.status as agency_status',
      'w.plan_id',
      'p.requests_per_minute',
      'p.key_calls_per_month',
    ])
    .select((eb) => eb.fn.coalesce('k.requests_per_minute', 'p.key_requests_per_minute').as('own_requests_per_minute'))
    .where('k.hash', '=', hash)
    .where('k.revoked_at', 'is', null)
    .executeTakeFirst()
  if (!row) return undefined
  const ends = [row.expires_at, row.grace_until].filter((end) => end !== null)
  if (ends.some((end) => end <= now)) return undefined
  const expiresAt = ends.length > 0 ? new Date(Math.min(...ends.map(Number))) : null
  return {
    keyId: row.id,
    countedAs: row.counted_as,
    keyName: row.name,
    workspaceId: row.workspace_id,
    mode: row.mode,
    suspended: row.status === 'suspended' || row.agency_status === 'suspended',
    scopes: new Set(row.scopes),
    bounds: {
      allowedAddresses: row.allowed_addresses,
      expiresAt,
      requestsPerMinute: row.key_requests_per_minute,
    },
    planId: row.plan_id,
    requestsPerMinute: row.requests_per_minute,
    ownRequestsPerMinute: row.own_requests_per_minute,
    keyCallsPerMonth: row.mode === 'sandbox' ? null : row.key_calls_per_month,
    allowsAddress: row.allowed_addresses.length > 0 ? compileNetworks(row.allowed_addresses) : null,
    expiresAt,
  }
}
