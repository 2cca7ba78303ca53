import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Account } from './contract.ts'
import type { WorkspaceRow } from './queries.ts'

const workspaceId = (id: string | null) => (id === null ? null : toWireId('workspace', id))

export const presentAccount = (row: WorkspaceRow): z.infer<typeof Account> => ({
  id: toWireId('workspace', row.id),
  name: row.name,
  mode: row.mode,
  plan: { id: row.plan_id, label: row.plan_label },
  status: row.status,
  sandbox_of: workspaceId(row.sandbox_of),
  parent_id: workspaceId(row.parent_id),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
