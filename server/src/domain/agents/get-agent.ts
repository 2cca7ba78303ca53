import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type AgentRow, selectAgents } from './queries.ts'

/** `param` names the field the id came in, when it was not the path. */
export const getAgent = async (ctx: Ctx, id: string, param?: string): Promise<AgentRow> => {
  requireScope(ctx, 'agents:read')
  const row = await selectAgents(ctx.db, ctx.workspaceId).where('agents.id', '=', id).executeTakeFirst()
  if (!row) throw notFound('agent', toWireId('agent', id), param)
  return row
}
