import type { Db } from '../../database/open.ts'
import { type Role, roleScopes } from '../users/index.ts'

/** What a living session stands for: a person in a workspace, what their role allows and what the plan does. */
export type SessionHolder = {
  userId: string
  sessionId: string
  workspaceId: string
  mode: 'live' | 'sandbox'
  /** The workspace, or the agency that it belongs to. */
  suspended: boolean
  role: Role
  scopes: ReadonlySet<string>
  planId: string
  requestsPerMinute: number | null
  /** Of this person alone. */
  ownRequestsPerMinute: number | null
  expiresAt: Date
  lastSeenAt: Date
}

/**
 * Finds the holder of a session; undefined when it was revoked, is past its time, or its user is no member of its workspace
 * any more: whoever comes back as a member signs in anew. One that a provider opened is that of an owner only when an owner
 * had named the provider before it was opened. Looks across workspaces, so it takes `system`.
 */
export const findSession = async (system: Db, id: string, now: Date): Promise<SessionHolder | undefined> => {
  const row = await system
    .selectFrom('sessions as s')
    .innerJoin('workspaces as w', 'w.id', 's.workspace_id')
    .innerJoin('plans as p', 'p.id', 'w.plan_id')
    .leftJoin('workspaces as a', 'a.id', 'w.parent_id')
    .leftJoin('oidc_connections as c', 'c.workspace_id', 's.workspace_id')
    .innerJoin('members as m', (join) =>
      join
        .onRef('m.user_id', '=', 's.user_id')
        .on((eb) => eb('m.workspace_id', '=', eb.fn.coalesce('w.sandbox_of', 'w.id'))),
    )
    .select(['s.id', 's.user_id', 's.workspace_id', 's.expires_at', 's.last_seen_at'])
    .select([
      'w.mode',
      'w.status',
      'a.status as agency_status',
      'w.plan_id',
      'p.requests_per_minute',
      'p.key_requests_per_minute',
    ])
    .select((eb) => eb.ref('m.role').$castTo<Role>().as('role'))
    .where('s.id', '=', id)
    .where('s.revoked_at', 'is', null)
    .where('s.expires_at', '>', now)
    .whereRef('m.created_at', '<=', 's.created_at')
    .where((eb) =>
      eb.or([
        eb('s.opened_by', '!=', 'oidc'),
        eb('m.role', '!=', 'owner'),
        eb.and([eb('c.signs_in_owners', '=', true), eb('c.updated_at', '<=', eb.ref('s.created_at'))]),
      ]),
    )
    .executeTakeFirst()
  return (
    row && {
      userId: row.user_id,
      sessionId: row.id,
      workspaceId: row.workspace_id,
      mode: row.mode,
      suspended: row.status === 'suspended' || row.agency_status === 'suspended',
      role: row.role,
      scopes: roleScopes[row.role],
      planId: row.plan_id,
      requestsPerMinute: row.requests_per_minute,
      ownRequestsPerMinute: row.key_requests_per_minute,
      expiresAt: row.expires_at,
      lastSeenAt: row.last_seen_at,
    }
  )
}

/** Notes that a session is in use. */
// no event: it happens all day long. scope: the server itself notes it.
export const touchSession = async (
  system: Db,
  { sessionId, userId }: Pick<SessionHolder, 'sessionId' | 'userId'>,
  now: Date,
): Promise<void> => {
  await system.updateTable('sessions').set({ last_seen_at: now }).where('id', '=', sessionId).execute()
  await system.updateTable('users').set({ last_seen_at: now }).where('id', '=', userId).execute()
}
