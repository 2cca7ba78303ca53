import type { AgentConfiguration } from './configuration.ts'

/** What a new agent is told where its maker says nothing. */
export const defaultConfiguration: AgentConfiguration = {
  name: 'Agent',
  instructions: '',
  knowledge_source_ids: null,
  // Where the extractive model’s sentence is right nine times in ten.
  thresholds: { answer: 0.5 },
  handoff_message: 'I do not have a reliable answer to this, so I have passed your question on to a colleague.',
  appearance: { primary_color: '#4f46e5', secondary_color: '#7c3aed', position: 'bottom-right', template: 'default' },
  model: 'default',
}
