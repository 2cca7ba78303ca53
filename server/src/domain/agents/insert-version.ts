import type { Db } from '../../database/open.ts'
import { actorName, type Ctx } from '../context.ts'
import type { AgentVersionRow } from './queries.ts'

type NewVersion = { id: string; agentId: string; number: number; snapshot: string; now: Date }

/** Adds an immutable version. The verb that calls records the event. */
export const insertVersion = async (ctx: Ctx, tx: Db, version: NewVersion): Promise<AgentVersionRow> => {
  const row = {
    workspace_id: ctx.workspaceId,
    id: version.id,
    agent_id: version.agentId,
    number: version.number,
    snapshot: version.snapshot,
    created_by: actorName(ctx.actor),
    created_at: version.now,
  }
  await tx.insertInto('agent_versions').values(row).execute()
  return row
}
