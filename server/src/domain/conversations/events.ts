import { defineEvent } from '../events/index.ts'
import { Conversation, Message } from './contract.ts'

export const conversationOpened = defineEvent({
  type: 'conversation.opened',
  aliases: ['conversation.started'],
  description: 'A conversation was opened, by the API or by the first message of a customer.',
  data: Conversation,
})
export const conversationUpdated = defineEvent({
  type: 'conversation.updated',
  description:
    'Subject, priority, contact or metadata of a conversation changed, or a person took over after a hand-off. `data` is the conversation as it is now.',
  data: Conversation,
})
export const conversationResolved = defineEvent({
  type: 'conversation.resolved',
  description: 'A conversation was resolved. What is said later begins a new context.',
  data: Conversation,
})
export const conversationReopened = defineEvent({
  type: 'conversation.reopened',
  description: 'A resolved conversation was opened again, by the API or because the customer wrote.',
  data: Conversation,
})
export const conversationHandoff = defineEvent({
  type: 'conversation.handoff',
  aliases: ['escalation.triggered', 'conversation.escalated'],
  description: 'The agent asked for a person; `data.handoff` says why.',
  data: Conversation,
})
export const messageReceived = defineEvent({
  type: 'message.received',
  description: 'A customer wrote a message. Only customers’ messages; the agent’s are `chat.message.created`.',
  data: Message,
})
export const messageSent = defineEvent({
  type: 'message.sent',
  description: 'A member of the team wrote a message. Only people’s messages; the agent’s are `chat.message.created`.',
  data: Message,
})
export const chatMessageCreated = defineEvent({
  type: 'chat.message.created',
  aliases: ['aria.message'],
  description:
    'The agent wrote a message: an answer, or the notice of a hand-off. Customers’ messages are `message.received`, the team’s `message.sent`.',
  data: Message,
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
