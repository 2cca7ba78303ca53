import type { Selectable } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'
import type { AgentConfiguration } from './configuration.ts'

export type AgentVersionRow = Selectable<Tables['agent_versions']>

export type AllowedDomainRow = Selectable<Tables['agent_domains']>

/** An agent with its current version. `snapshot` is that version's configuration as text. */
export type AgentRow = Selectable<Tables['agents']> & { version_number: number; snapshot: string }

/** What this row's version tells the agent. */
export const configurationOf = (row: { snapshot: string }): AgentConfiguration => JSON.parse(row.snapshot)

export const selectAgents = (db: Db, workspaceId: string) =>
  db
    .selectFrom('agents')
    .innerJoin('agent_versions as version', (join) =>
      join
        .onRef('version.workspace_id', '=', 'agents.workspace_id')
        .onRef('version.id', '=', 'agents.current_version_id'),
    )
    .selectAll('agents')
    .select(['version.number as version_number', 'version.snapshot'])
    .where('agents.workspace_id', '=', workspaceId)

/** The sites that may show this agent, oldest first. */
export const readAllowedDomains = (db: Db, workspaceId: string, agentId: string): Promise<AllowedDomainRow[]> =>
  db
    .selectFrom('agent_domains')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('agent_id', '=', agentId)
    .orderBy('id')
    .execute()
