import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Agent, AgentVersion, AllowedDomain } from './contract.ts'
import { type AgentRow, type AgentVersionRow, type AllowedDomainRow, configurationOf } from './queries.ts'

const presentConfiguration = (row: { snapshot: string }) => {
  const configuration = configurationOf(row)
  const ids = configuration.knowledge_source_ids
  return {
    ...configuration,
    knowledge_source_ids: ids === null ? null : ids.map((id) => toWireId('knowledgeSource', id)),
  }
}

export const presentAgent = (row: AgentRow): z.infer<typeof Agent> => ({
  id: toWireId('agent', row.id),
  ...presentConfiguration(row),
  status: row.status,
  is_default: row.is_default,
  version: { id: toWireId('agentVersion', row.current_version_id), number: row.version_number },
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

export const presentAgentVersion = (row: AgentVersionRow): z.infer<typeof AgentVersion> => ({
  id: toWireId('agentVersion', row.id),
  agent_id: toWireId('agent', row.agent_id),
  number: row.number,
  configuration: presentConfiguration(row),
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
})

export const presentAllowedDomain = (row: AllowedDomainRow): z.infer<typeof AllowedDomain> => ({
  agent_id: toWireId('agent', row.agent_id),
  domain: row.domain,
  created_at: row.created_at.toISOString(),
})
