import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { insertPair } from './insert-pair.ts'

export type NewClient = {
  agencyId: string
  /** Of the agency's side that makes it. */
  mode: 'live' | 'sandbox'
  name: string
  planId: string
  reference: string | null
  /** JSON text. */
  metadata: string
  now: Date
}

type Made = { id: string; mode: 'live' | 'sandbox' }

/**
 * Makes a client's workspaces; the first is the one that was asked for. A live agency's client has a sandbox, which belongs
 * to the agency's own sandbox, so that either side of the agency reaches its like alone. What an agency makes from its
 * sandbox is a sandbox and nothing else. Takes a transaction that reaches every workspace.
 */
// no event: the caller records the agency's. scope: the caller has checked it.
export const createClientWorkspaces = async (tx: Db, client: NewClient): Promise<[Made, ...Made[]]> => {
  const { agencyId, mode, name, planId, reference, metadata, now } = client
  const id = newId()
  const row = { id, parent_id: agencyId, name, plan_id: planId, reference, metadata, created_at: now, updated_at: now }
  if (mode === 'sandbox') {
    await tx
      .insertInto('workspaces')
      .values({ ...row, mode, sandbox_of: null })
      .execute()
    return [{ id, mode }]
  }
  const agencySandbox = await tx
    .selectFrom('workspaces')
    .select('id')
    .where('sandbox_of', '=', agencyId)
    .executeTakeFirstOrThrow()
  const sandboxId = newId()
  await insertPair(tx, row, { id: sandboxId, parent_id: agencySandbox.id })
  return [
    { id, mode },
    { id: sandboxId, mode: 'sandbox' },
  ]
}
