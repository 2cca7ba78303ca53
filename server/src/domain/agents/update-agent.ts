import type { z } from 'zod'
import { newId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { mergeConfiguration } from './configuration.ts'
import type { UpdateAgent } from './contract.ts'
import { dismissDefault, lockDefault } from './default-agent.ts'
import { agentUpdated } from './events.ts'
import { insertVersion } from './insert-version.ts'
import { lockAgent } from './lock-agent.ts'
import { presentAgent } from './present.ts'
import { type AgentRow, configurationOf, selectAgents } from './queries.ts'
import { requireSources } from './require-sources.ts'

// Lock first, then join: a join that waits for the lock itself would look for the version that was current before.
const readLocked = async (ctx: Ctx, tx: Db, id: string): Promise<AgentRow> => {
  await lockAgent(ctx, tx, id)
  return selectAgents(tx, ctx.workspaceId).where('agents.id', '=', id).executeTakeFirstOrThrow()
}

/** Changes the named fields. A changed configuration is a new version; where nothing changes, nothing happens. */
export const updateAgent = async (ctx: Ctx, id: string, input: z.output<typeof UpdateAgent>): Promise<AgentRow> => {
  requireScope(ctx, 'agents:write')
  const { status, is_default, ...changes } = input
  return transaction(ctx.db, async (tx) => {
    if (is_default) await lockDefault(ctx, tx)
    const old = await readLocked(ctx, tx, id)
    await requireSources(tx, ctx.workspaceId, changes.knowledge_source_ids)
    const configuration = mergeConfiguration(configurationOf(old), changes)
    const snapshot = JSON.stringify(configuration)
    const isNewVersion = snapshot !== old.snapshot
    const becomesDefault = is_default === true && !old.is_default
    if (!isNewVersion && !becomesDefault && (status ?? old.status) === old.status) return old
    const now = ctx.clock.now()
    if (becomesDefault) await dismissDefault(ctx, tx, now)
    const agent = {
      name: configuration.name,
      status: status ?? old.status,
      is_default: old.is_default || becomesDefault,
      current_version_id: isNewVersion ? newId() : old.current_version_id,
      updated_at: now,
    }
    const number = isNewVersion ? old.version_number + 1 : old.version_number
    if (isNewVersion) await insertVersion(ctx, tx, { id: agent.current_version_id, agentId: id, number, snapshot, now })
    await tx.updateTable('agents').set(agent).where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    const row = { ...old, ...agent, version_number: number, snapshot }
    await recordEvent(ctx, tx, agentUpdated, { subject: { type: 'agent', id }, data: presentAgent(row) })
    await recordAudit(ctx, tx, {
      action: 'agent.published',
      target: { type: 'agent', id: toWireId('agent', id) },
      detail: { changed: Object.keys(input), version_id: toWireId('agentVersion', row.current_version_id), number },
    })
    return row
  })
}
