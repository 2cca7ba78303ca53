import type { Db } from '../../database/open.ts'
import { sandboxName } from './insert-pair.ts'

/** Renames a workspace and, where it has one, its sandbox. Takes a transaction that reaches both. */
// no event: the caller records it. scope: the caller has checked it.
export const renameWorkspace = async (
  tx: Db,
  { id, name, now }: { id: string; name: string; now: Date },
): Promise<void> => {
  await tx.updateTable('workspaces').set({ name, updated_at: now }).where('id', '=', id).execute()
  await tx
    .updateTable('workspaces')
    .set({ name: sandboxName(name), updated_at: now })
    .where('sandbox_of', '=', id)
    .execute()
}
