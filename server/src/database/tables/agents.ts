import type { Owned, Stamped } from './columns.ts'

type AgentsTable = Owned &
  Stamped & {
    id: string
    name: string
    status: 'active' | 'paused'
    is_default: boolean
    current_version_id: string
  }

type AgentVersionsTable = Owned & {
  id: string
  agent_id: string
  number: number
  snapshot: string
  created_by: string
  created_at: Date
}

type AgentDomainsTable = Owned & { id: string; agent_id: string; domain: string; created_at: Date }

export type AgentsTables = {
  agents: AgentsTable
  agent_versions: AgentVersionsTable
  agent_domains: AgentDomainsTable
}
