export {
  Channel,
  Citation,
  Conversation,
  ConversationStatus,
  CreateConversation,
  CreateMessage,
  Handoff,
  HandoffState,
  Message,
  Priority,
  UpdateConversation,
} from './contract.ts'
export { createConversation } from './create-conversation.ts'
export { createMessage } from './create-message.ts'
export { conversationEvents } from './events.ts'
export { getConversation } from './get-conversation.ts'
export { getMessage } from './get-message.ts'
export { historyOf } from './history-of.ts'
export { type AssistantMessage, insertMessage } from './insert-message.ts'
export { type ConversationFilter, listConversations } from './list-conversations.ts'
export { listMessages, type MessagePageInput } from './list-messages.ts'
export { openConversation } from './open-conversation.ts'
export { type ConversationRow, type MessageRow, presentConversation, presentMessage } from './present.ts'
export { lockConversation } from './queries.ts'
export { reopenConversation } from './reopen-conversation.ts'
export { requestHandoff } from './request-handoff.ts'
export { resolveConversation } from './resolve-conversation.ts'
export { updateConversation } from './update-conversation.ts'
