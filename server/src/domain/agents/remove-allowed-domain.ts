import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { agentDomainRemoved } from './events.ts'
import { lockAgent } from './lock-agent.ts'

/** Stops a site from showing the agent. */
export const removeAllowedDomain = async (
  ctx: Ctx,
  { agentId, domain }: { agentId: string; domain: string },
): Promise<void> => {
  requireScope(ctx, 'agents:write')
  await transaction(ctx.db, async (tx) => {
    await lockAgent(ctx, tx, agentId)
    const { numDeletedRows } = await tx
      .deleteFrom('agent_domains')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('agent_id', '=', agentId)
      .where('domain', '=', domain)
      .executeTakeFirst()
    if (numDeletedRows === 0n) throw new AppError('NOT_FOUND', 'This agent has no such allowed domain.')
    await recordEvent(ctx, tx, agentDomainRemoved, {
      subject: { type: 'agent', id: agentId },
      data: { agent_id: toWireId('agent', agentId), domain, deleted_at: ctx.clock.now().toISOString() },
    })
  })
}
