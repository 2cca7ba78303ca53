import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { Conversation, Message } from './contract.ts'

const conversation: z.input<typeof Conversation> = {
  id: 'conv_01kah3r4zse0ztb0g2k2v2r4q1',
  contact_id: 'cnt_01kah3r4zse0ztb0g2k2v2r4q1',
  agent_id: 'agt_01kah3r4zse0ztb0g2k2v2r4q1',
  channel: 'api',
  subject: null,
  status: 'open',
  priority: 'normal',
  handoff: null,
  metadata: {},
  last_message_at: '2026-03-11T11:22:00.000Z',
  resolved_at: null,
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}
const question: z.input<typeof Message> = {
  id: 'msg_01kah3r4zse0ztb0g2k2v2r4q1',
  conversation_id: conversation.id,
  role: 'user',
  author: 'contact:cnt_01kah3r4zse0ztb0g2k2v2r4q1',
  content: 'When are refunds paid?',
  status: 'complete',
  in_reply_to: null,
  agent_version_id: null,
  mode: null,
  model: null,
  confidence: null,
  citations: [],
  handoff: null,
  usage: null,
  created_at: '2026-03-11T11:22:00.000Z',
}

export const conversationOpened = defineEvent({
  type: 'conversation.opened',
  aliases: ['conversation.started'],
  description: 'A conversation was opened, by the API or by the first message of a customer.',
  data: Conversation,
  example: { ...conversation, last_message_at: null },
})
export const conversationUpdated = defineEvent({
  type: 'conversation.updated',
  description:
    'Subject, priority, contact or metadata of a conversation changed, or a person took over after a hand-off. `data` is the conversation as it is now.',
  data: Conversation,
  example: { ...conversation, priority: 'high', updated_at: '2026-03-11T11:25:00.000Z' },
})
export const conversationResolved = defineEvent({
  type: 'conversation.resolved',
  description: 'A conversation was resolved. What is said later begins a new context.',
  data: Conversation,
  example: {
    ...conversation,
    status: 'resolved',
    resolved_at: '2026-03-11T12:00:00.000Z',
    updated_at: '2026-03-11T12:00:00.000Z',
  },
})
export const conversationReopened = defineEvent({
  type: 'conversation.reopened',
  description: 'A resolved conversation was opened again, by the API or because the customer wrote.',
  data: Conversation,
  example: { ...conversation, updated_at: '2026-03-12T08:30:00.000Z' },
})
export const conversationHandoff = defineEvent({
  type: 'conversation.handoff',
  aliases: ['escalation.triggered', 'conversation.escalated'],
  description: 'The agent asked for a person; `data.handoff` says why.',
  data: Conversation,
  example: { ...conversation, handoff: { state: 'requested', reason: 'not_covered', at: '2026-03-11T11:22:00.000Z' } },
})
export const messageReceived = defineEvent({
  type: 'message.received',
  description: 'A customer wrote a message. Only customers’ messages; the agent’s are `chat.message.created`.',
  data: Message,
  example: question,
})
export const messageSent = defineEvent({
  type: 'message.sent',
  description: 'A member of the team wrote a message. Only people’s messages; the agent’s are `chat.message.created`.',
  data: Message,
  example: {
    ...question,
    role: 'human',
    author: 'user:usr_01kah3r4zse0ztb0g2k2v2r4q1',
    content: 'Your refund is on its way.',
  },
})
export const chatMessageCreated = defineEvent({
  type: 'chat.message.created',
  aliases: ['aria.message'],
  description:
    'The agent wrote a message: an answer, or the notice of a hand-off. Customers’ messages are `message.received`, the team’s `message.sent`.',
  data: Message,
  example: {
    ...question,
    role: 'assistant',
    author: 'agent:agt_01kah3r4zse0ztb0g2k2v2r4q1',
    content: 'Refunds are paid within 14 days of the return.',
    in_reply_to: question.id,
    agent_version_id: 'agv_01kah3r4zse0ztb0g2k2v2r4q1',
    mode: 'extractive',
    model: 'extractive',
    confidence: 0.91,
    citations: [
      {
        index: 1,
        source_id: 'ks_01kah3r4zse0ztb0g2k2v2r4q1',
        source_name: 'Refund policy',
        document_id: 'doc_01kah3r4zse0ztb0g2k2v2r4q1',
        title: 'Refund policy',
        url: null,
        quote: 'Refunds are paid within 14 days of the return.',
        start: 0,
        end: 46,
        at: 46,
      },
    ],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  },
})

export const conversationEvents = [
  conversationOpened,
  conversationUpdated,
  conversationResolved,
  conversationReopened,
  conversationHandoff,
  messageReceived,
  messageSent,
  chatMessageCreated,
]
