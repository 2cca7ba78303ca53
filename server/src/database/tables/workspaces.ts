import type { ColumnType } from 'kysely'
import type { Stamped } from './columns.ts'

type WorkspacesTable = Stamped & {
  id: string
  parent_id: string | null
  sandbox_of: string | null
  mode: 'live' | 'sandbox'
  name: string
  plan_id: string
  status: ColumnType<'active' | 'suspended', 'active' | 'suspended' | undefined, 'active' | 'suspended'>
  reference: ColumnType<string | null, string | null | undefined, string | null>
  metadata: ColumnType<string, string | undefined, string>
}

export type WorkspacesTables = {
  workspaces: WorkspacesTable
}
