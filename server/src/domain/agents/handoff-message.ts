import type { DeclineReason } from '../../models/model.ts'
import type { AgentConfiguration } from './configuration.ts'
import { defaultConfiguration } from './default-configuration.ts'

const sentences: Readonly<Record<DeclineReason, string>> = {
  not_covered: 'I found nothing about this in what I know, so I have passed your question on to a colleague.',
  low_confidence: defaultConfiguration.handoff_message,
  asked_for_person: 'You asked for a person, so I have passed your question on to a colleague.',
  unsupported: 'I found nothing that bears out an answer, so I have passed your question on to a colleague.',
}

/** What a customer is told who is handed over: what the agent's maker wrote, else the truth about why. */
export const handoffMessageOf = ({ handoff_message: own }: AgentConfiguration, reason: DeclineReason): string =>
  own === defaultConfiguration.handoff_message ? sentences[reason] : own
