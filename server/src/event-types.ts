import { z } from 'zod'
import { accountEvents } from './domain/accounts/index.ts'
import { agentEvents } from './domain/agents/index.ts'
import { apiKeyEvents } from './domain/api-keys/index.ts'
import { contactEvents } from './domain/contacts/index.ts'
import { conversationEvents } from './domain/conversations/index.ts'
import { defineEvent, type EventType } from './domain/events/index.ts'
import { knowledgeEvents } from './domain/knowledge/index.ts'
import { oidcEvents } from './domain/oidc/index.ts'
import { planEvents } from './domain/plans/index.ts'
import { memberEvents } from './domain/users/index.ts'
import { webhookEvents } from './domain/webhooks/index.ts'
import { widgetEvents } from './domain/widget/index.ts'

// As the page that names it prints it.
const automationRun = {
  run_id: 'run_01kah3r4zse0ztb0g2k2v2r4q1',
  automation_id: 'auto_01kah3r4zse0ztb0g2k2v2r4q1',
  automation_name: 'Proposal Follow-up Sequence',
  contact_id: 'cnt_01kah3r4zse0ztb0g2k2v2r4q1',
  status: 'completed',
  steps_run: 2,
  duration_ms: 4_200,
}

/** Names that published pages print and whose parts of the product are still to come: they can be subscribed to today. */
const announced = [
  {
    type: 'automation.run.completed',
    aliases: ['automation.run'],
    description: 'An automation finished a run.',
    example: automationRun,
  },
  { type: 'call.started', description: 'A call began.' },
  { type: 'voicemail.received', description: 'A caller left a voicemail.' },
  { type: 'sms.sent', description: 'A text message was handed to the carrier.' },
  { type: 'sms.delivered', description: 'The carrier delivered a text message.' },
  { type: 'sms.failed', description: 'A text message could not be delivered.' },
  { type: 'issue.created', description: 'An issue was opened.' },
  { type: 'issue.updated', description: 'An issue was changed.' },
  { type: 'issue.resolved', description: 'An issue was resolved.' },
].map(({ example = null, ...event }) =>
  defineEvent({ ...event, status: 'announced', data: z.record(z.string(), z.unknown()), example }),
)

/** The one list of every kind of event. */
export const eventTypes: readonly EventType[] = [
  ...accountEvents,
  ...apiKeyEvents,
  ...memberEvents,
  ...oidcEvents,
  ...contactEvents,
  ...conversationEvents,
  ...agentEvents,
  ...knowledgeEvents,
  ...webhookEvents,
  ...widgetEvents,
  ...planEvents,
  ...announced,
]
