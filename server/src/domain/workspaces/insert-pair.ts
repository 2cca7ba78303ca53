import type { Insertable } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'

export const sandboxName = (name: string): string => `${name} (sandbox)`

type Live = Omit<Insertable<Tables['workspaces']>, 'mode' | 'sandbox_of'>

/** Inserts a live workspace and its sandbox, which has its plan and, in its own words, its name. */
export const insertPair = async (
  tx: Db,
  live: Live,
  sandbox: { id: string; parent_id: string | null },
): Promise<void> => {
  const { plan_id, created_at, updated_at } = live
  const name = sandboxName(live.name)
  await tx
    .insertInto('workspaces')
    .values([
      { reference: null, metadata: '{}', ...live, mode: 'live', sandbox_of: null },
      {
        ...{ reference: null, metadata: '{}', plan_id, created_at, updated_at, name, mode: 'sandbox' },
        ...{ id: sandbox.id, parent_id: sandbox.parent_id, sandbox_of: live.id },
      },
    ])
    .execute()
}
