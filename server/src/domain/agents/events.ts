import { defineEvent } from '../events/index.ts'
import { Agent } from './contract.ts'

export const agentCreated = defineEvent({ type: 'agent.created', description: 'An agent was created.', data: Agent })
export const agentUpdated = defineEvent({
  type: 'agent.updated',
  description:
    'An agent was changed: a new version, its status, or whether it is the default. `data` is the agent as it is now.',
  data: Agent,
})

export const agentEvents = [agentCreated, agentUpdated]
