import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { insertPair } from './insert-pair.ts'

export type WorkspacePair = { liveId: string; sandboxId: string }

type NewWorkspace = { name: string; planId: string; now: Date }

/** Makes a live workspace and its sandbox sibling. Takes the system database, for no caller is inside a workspace yet. */
// no event: a workspace has no log before it exists.
// scope: only the server itself makes workspaces.
export const createWorkspace = async (tx: Db, { name, planId, now }: NewWorkspace): Promise<WorkspacePair> => {
  const pair = { liveId: newId(), sandboxId: newId() }
  const shared = { plan_id: planId, created_at: now, updated_at: now }
  await insertPair(tx, { ...shared, id: pair.liveId, parent_id: null, name }, { id: pair.sandboxId, parent_id: null })
  return pair
}
