import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { Agent, AllowedDomain, AllowedDomainRemovedData } from './contract.ts'

const agent: z.input<typeof Agent> = {
  id: 'agt_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Support',
  instructions: '',
  knowledge_source_ids: null,
  thresholds: { answer: 0.5 },
  handoff_message: 'I have passed your question on to a colleague.',
  appearance: {
    primary_color: '#4f46e5',
    secondary_color: '#7c3aed',
    position: 'bottom-right',
    template: 'default',
  },
  model: 'default',
  status: 'active',
  is_default: true,
  version: { id: 'agv_01kah3r4zse0ztb0g2k2v2r4q1', number: 1 },
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}

export const agentCreated = defineEvent({
  type: 'agent.created',
  description: 'An agent was created.',
  data: Agent,
  example: agent,
})
export const agentUpdated = defineEvent({
  type: 'agent.updated',
  description:
    'An agent was changed: a new version, its status, or whether it is the default. `data` is the agent as it is now.',
  data: Agent,
  example: {
    ...agent,
    instructions: 'Answer in one short paragraph.',
    version: { id: 'agv_01kah3r4zse0ztb0g2k2v2r4q1', number: 2 },
    updated_at: '2026-03-12T08:30:00.000Z',
  },
})
export const agentDomainAdded = defineEvent({
  type: 'agent.domain_added',
  description: 'A site was allowed to show an agent.',
  data: AllowedDomain,
  example: { agent_id: agent.id, domain: 'support.example.com', created_at: '2026-03-11T11:22:00.000Z' },
})
export const agentDomainRemoved = defineEvent({
  type: 'agent.domain_removed',
  description: 'A site may no longer show an agent.',
  data: AllowedDomainRemovedData,
  example: { agent_id: agent.id, domain: 'support.example.com', deleted_at: '2026-03-11T11:22:00.000Z' },
})

export const agentEvents = [agentCreated, agentUpdated, agentDomainAdded, agentDomainRemoved]
