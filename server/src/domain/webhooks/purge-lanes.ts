import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { backfillKind } from './backfills/work.ts'
import { deliveryKind } from './lane.ts'

/** Deletes lanes that an event made anew in the moment in which its webhook was deleted. */
// scope: housekeeping, done for all workspaces at once.
// no event: the webhook's own deletion was told.
export const purgeLanes = async (system: Db): Promise<void> => {
  await sql`delete from lanes where (workspace_id, kind, key) in (
    select l.workspace_id, l.kind, l.key from lanes l
    where l.kind in (${deliveryKind}, ${backfillKind})
      and not exists (select from webhooks w where w.workspace_id = l.workspace_id and w.id = l.key)
    for update skip locked)`.execute(system)
}
