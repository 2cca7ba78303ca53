import type { Selectable } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'

/** A workspace with the name of its plan. */
export type WorkspaceRow = Selectable<Tables['workspaces']> & { plan_label: string }

/** The caller's workspace, the only one a caller can ever see. */
export const selectWorkspace = (db: Db, workspaceId: string) =>
  db
    .selectFrom('workspaces')
    .innerJoin('plans', 'plans.id', 'workspaces.plan_id')
    .selectAll('workspaces')
    .select('plans.label as plan_label')
    .where('workspaces.id', '=', workspaceId)
