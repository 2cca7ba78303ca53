import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import type { Account } from './contract.ts'
import type { AccountRow } from './queries.ts'

const workspaceId = (id: string | null) => (id === null ? null : toWireId('workspace', id))

/** An account as the workspace of `ctx` may see it: a client does not see what its agency notes about it. */
export const presentAccount = (ctx: Pick<Ctx, 'workspaceId'>, row: AccountRow): z.infer<typeof Account> => {
  const isClient = row.id !== ctx.workspaceId
  return {
    id: toWireId('workspace', row.id),
    name: row.name,
    mode: row.mode,
    plan: { id: row.plan_id, label: row.plan_label },
    status: row.status,
    sandbox_of: workspaceId(row.sandbox_of),
    parent_id: workspaceId(row.parent_id),
    reference: isClient ? row.reference : null,
    metadata: isClient ? JSON.parse(row.metadata) : {},
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
