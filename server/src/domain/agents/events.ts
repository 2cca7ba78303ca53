import { defineEvent } from '../events/index.ts'
import { Agent, AllowedDomain, AllowedDomainRemovedData } from './contract.ts'

export const agentCreated = defineEvent({ type: 'agent.created', description: 'An agent was created.', data: Agent })
export const agentUpdated = defineEvent({
  type: 'agent.updated',
  description:
    'An agent was changed: a new version, its status, or whether it is the default. `data` is the agent as it is now.',
  data: Agent,
})
export const agentDomainAdded = defineEvent({
  type: 'agent.domain_added',
  description: 'A site was allowed to show an agent.',
  data: AllowedDomain,
})
export const agentDomainRemoved = defineEvent({
  type: 'agent.domain_removed',
  description: 'A site may no longer show an agent.',
  data: AllowedDomainRemovedData,
})

export const agentEvents = [agentCreated, agentUpdated, agentDomainAdded, agentDomainRemoved]
