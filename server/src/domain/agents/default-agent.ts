import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { agentUpdated } from './events.ts'
import { presentAgent } from './present.ts'
import { selectAgents } from './queries.ts'

/** Whoever may change which agent is the default waits here, before locking any agent. */
export const lockDefault = async (ctx: Ctx, tx: Db): Promise<void> => {
  await tx.selectFrom('workspaces').select('id').where('id', '=', ctx.workspaceId).forNoKeyUpdate().execute()
}

export const hasDefault = async (ctx: Ctx, tx: Db): Promise<boolean> =>
  (await tx
    .selectFrom('agents')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('is_default', '=', true)
    .executeTakeFirst()) !== undefined

/** Makes the present default, if there is one, an agent like any other. */
export const dismissDefault = async (ctx: Ctx, tx: Db, now: Date): Promise<void> => {
  const dismissed = await tx
    .updateTable('agents')
    .set({ is_default: false, updated_at: now })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('is_default', '=', true)
    .returning('id')
    .executeTakeFirst()
  if (!dismissed) return
  const row = await selectAgents(tx, ctx.workspaceId).where('agents.id', '=', dismissed.id).executeTakeFirstOrThrow()
  await recordEvent(ctx, tx, agentUpdated, { subject: { type: 'agent', id: row.id }, data: presentAgent(row) })
}
