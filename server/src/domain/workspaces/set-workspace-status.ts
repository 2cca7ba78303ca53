import type { Db } from '../../database/open.ts'

type Change = { id: string; status: 'active' | 'suspended'; now: Date }

/** Suspends a workspace with its sandbox, or makes both active again. Takes a transaction that reaches both. */
// no event: the caller records it. scope: the caller has checked it.
export const setWorkspaceStatus = async (tx: Db, { id, status, now }: Change): Promise<void> => {
  await tx
    .updateTable('workspaces')
    .set({ status, updated_at: now })
    .where((eb) => eb.or([eb('id', '=', id), eb('sandbox_of', '=', id)]))
    .execute()
}
