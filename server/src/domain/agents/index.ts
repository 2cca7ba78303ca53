export { addAllowedDomain } from './add-allowed-domain.ts'
export {
  AddAllowedDomain,
  Agent,
  AgentVersion,
  AllowedDomain,
  CreateAgent,
  domainInput,
  UpdateAgent,
} from './contract.ts'
export { createAgent } from './create-agent.ts'
export { defaultConfiguration } from './default-configuration.ts'
export { agentEvents } from './events.ts'
export { getAgent } from './get-agent.ts'
export { type AgentForTurn, getAgentForTurn, getAgentOrDefault, getDefaultAgent } from './get-agent-for-turn.ts'
export { getAgentVersion } from './get-agent-version.ts'
export { handoffMessageOf } from './handoff-message.ts'
export { listAgentVersions } from './list-agent-versions.ts'
export { listAgents } from './list-agents.ts'
export { listAllowedDomains } from './list-allowed-domains.ts'
export { presentAgent, presentAgentVersion, presentAllowedDomain } from './present.ts'
export type { AgentRow } from './queries.ts'
export { removeAllowedDomain } from './remove-allowed-domain.ts'
export { updateAgent } from './update-agent.ts'
