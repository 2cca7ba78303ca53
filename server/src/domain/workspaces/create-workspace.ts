import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'

export type WorkspacePair = { liveId: string; sandboxId: string }

type NewWorkspace = { name: string; planId: string; now: Date }

/** Makes a live workspace and its sandbox sibling. Takes the system database, for no caller is inside a workspace yet. */
// no event: a workspace has no log before it exists.
// scope: only the server itself makes workspaces.
export const createWorkspace = async (tx: Db, { name, planId, now }: NewWorkspace): Promise<WorkspacePair> => {
  const liveId = newId()
  const sandboxId = newId()
  const shared = { parent_id: null, plan_id: planId, created_at: now, updated_at: now }
  await tx
    .insertInto('workspaces')
    .values([
      { ...shared, id: liveId, sandbox_of: null, mode: 'live', name },
      { ...shared, id: sandboxId, sandbox_of: liveId, mode: 'sandbox', name: `${name} (sandbox)` },
    ])
    .execute()
  return { liveId, sandboxId }
}
