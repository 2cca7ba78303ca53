import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { agentDomainAdded } from './events.ts'
import { lockAgent } from './lock-agent.ts'
import { presentAllowedDomain } from './present.ts'
import { type AllowedDomainRow, readAllowedDomains } from './queries.ts'

const maxDomains = 100

/** Lets a site show the agent. CONFLICT when it already may, UNPROCESSABLE beyond a hundred sites. */
export const addAllowedDomain = async (
  ctx: Ctx,
  { agentId, domain }: { agentId: string; domain: string },
): Promise<AllowedDomainRow> => {
  requireScope(ctx, 'agents:write')
  return transaction(ctx.db, async (tx) => {
    await lockAgent(ctx, tx, agentId)
    const present = await readAllowedDomains(tx, ctx.workspaceId, agentId)
    if (present.some((row) => row.domain === domain))
      throw new AppError('CONFLICT', `'${domain}' is already an allowed domain of this agent.`, { param: 'domain' })
    if (present.length >= maxDomains)
      throw new AppError('UNPROCESSABLE', `An agent has at most ${maxDomains} allowed domains.`)
    const row = {
      workspace_id: ctx.workspaceId,
      id: newId(),
      agent_id: agentId,
      domain,
      created_at: ctx.clock.now(),
    }
    await tx.insertInto('agent_domains').values(row).execute()
    await recordEvent(ctx, tx, agentDomainAdded, {
      subject: { type: 'agent', id: agentId },
      data: presentAllowedDomain(row),
    })
    return row
  })
}
