import type { z } from 'zod'
import { newId, toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { mergeConfiguration } from './configuration.ts'
import type { CreateAgent } from './contract.ts'
import { dismissDefault, hasDefault, lockDefault } from './default-agent.ts'
import { defaultConfiguration } from './default-configuration.ts'
import { agentCreated } from './events.ts'
import { insertVersion } from './insert-version.ts'
import { presentAgent } from './present.ts'
import type { AgentRow } from './queries.ts'
import { requireSources } from './require-sources.ts'

/** Creates an agent with its first version. The first agent of a workspace becomes its default. */
export const createAgent = async (ctx: Ctx, input: z.output<typeof CreateAgent>): Promise<AgentRow> => {
  requireScope(ctx, 'agents:write')
  const { status, is_default, ...changes } = input
  const configuration = mergeConfiguration(defaultConfiguration, changes)
  const snapshot = JSON.stringify(configuration)
  return transaction(ctx.db, async (tx) => {
    await requireSources(tx, ctx.workspaceId, configuration.knowledge_source_ids)
    await lockDefault(ctx, tx)
    const now = ctx.clock.now()
    if (is_default) await dismissDefault(ctx, tx, now)
    const agent = {
      workspace_id: ctx.workspaceId,
      id: newId(),
      name: configuration.name,
      status: status ?? ('active' as const),
      is_default: is_default ?? !(await hasDefault(ctx, tx)),
      current_version_id: newId(),
      created_at: now,
      updated_at: now,
    }
    await tx.insertInto('agents').values(agent).execute()
    await insertVersion(ctx, tx, { id: agent.current_version_id, agentId: agent.id, number: 1, snapshot, now })
    const row = { ...agent, version_number: 1, snapshot }
    await recordEvent(ctx, tx, agentCreated, { subject: { type: 'agent', id: row.id }, data: presentAgent(row) })
    await recordAudit(ctx, tx, {
      action: 'agent.created',
      target: { type: 'agent', id: toWireId('agent', row.id) },
      detail: { version_id: toWireId('agentVersion', row.current_version_id) },
    })
    return row
  })
}
