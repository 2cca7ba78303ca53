import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { AgentVersionRow } from './queries.ts'

type VersionPath = { agentId: string; versionId: string }

/** The configuration behind a message: `agent_version_id` leads here. */
export const getAgentVersion = async (ctx: Ctx, { agentId, versionId }: VersionPath): Promise<AgentVersionRow> => {
  requireScope(ctx, 'agents:read')
  const row = await ctx.db
    .selectFrom('agent_versions')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('agent_id', '=', agentId)
    .where('id', '=', versionId)
    .executeTakeFirst()
  if (!row) throw notFound('agent version', toWireId('agentVersion', versionId))
  return row
}
