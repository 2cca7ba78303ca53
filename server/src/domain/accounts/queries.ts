import type { Selectable } from 'kysely'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'

/** A workspace with the name of its plan. */
export type AccountRow = Selectable<Tables['workspaces']> & { plan_label: string }

/** What a caller can ever see: its own workspace, and those of its clients. */
export const selectAccounts = (db: Db, workspaceId: string) =>
  db
    .selectFrom('workspaces')
    .innerJoin('plans', 'plans.id', 'workspaces.plan_id')
    .selectAll('workspaces')
    .select('plans.label as plan_label')
    .where((eb) => eb.or([eb('workspaces.id', '=', workspaceId), eb('workspaces.parent_id', '=', workspaceId)]))

export const accountNotFound = (id: string) => notFound('account', toWireId('workspace', id))
