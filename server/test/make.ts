import { randomUUID } from 'node:crypto'
import { systemClock } from '../src/base/clock.ts'
import { newId } from '../src/base/ids.ts'
import { silentLog } from '../src/base/log.ts'
import type { Database } from '../src/database/open.ts'
import type { Ctx, KeyBounds } from '../src/domain/context.ts'
import { type Scope, scopes } from '../src/domain/scopes.ts'

/** A fresh live or sandbox workspace, so that no test sees another's rows. */
export const makeWorkspace = async (database: Database, mode: 'live' | 'sandbox' = 'sandbox'): Promise<string> => {
  const id = newId()
  const now = new Date()
  await database.system
    .insertInto('workspaces')
    .values({
      id,
      parent_id: null,
      sandbox_of: null,
      mode,
      name: `Test ${id.slice(0, 8)}`,
      plan_id: 'unlimited',
      created_at: now,
      updated_at: now,
    })
    .execute()
  return id
}

/** A caller of that workspace whose key holds the given scopes, all of them by default. */
export const makeCtx = (
  database: Database,
  workspaceId: string,
  options: { scopes?: readonly Scope[]; mode?: 'live' | 'sandbox'; bounds?: Partial<KeyBounds> } = {},
): Ctx => ({
  db: database.workspace(workspaceId),
  workspaceId,
  mode: options.mode ?? 'sandbox',
  actor: {
    type: 'api_key',
    id: newId(),
    scopes: new Set(options.scopes ?? scopes),
    bounds: { allowedAddresses: [], expiresAt: null, requestsPerMinute: null, ...options.bounds },
  },
  requestId: `req_${randomUUID()}`,
  clock: systemClock,
  log: silentLog,
})
