import type { Owned, Stamped } from './columns.ts'

type ConversationsTable = Owned &
  Stamped & {
    id: string
    contact_id: string | null
    agent_id: string
    channel: string
    subject: string | null
    status: 'open' | 'resolved'
    priority: 'low' | 'normal' | 'high' | 'urgent'
    handoff_state: 'requested' | 'active' | null
    handoff_reason: string | null
    handoff_at: Date | null
    metadata: string
    last_message_at: Date | null
    resolved_at: Date | null
    context_after: string | null
  }

type MessagesTable = Owned & {
  id: string
  conversation_id: string
  role: 'user' | 'assistant' | 'human'
  author: string
  content: string
  status: 'complete' | 'aborted' | 'failed'
  in_reply_to: string | null
  agent_version_id: string | null
  mode: 'extractive' | 'llm' | 'scripted' | null
  model: string | null
  confidence: number | null
  citations: string | null
  handoff: string | null
  prompt_tokens: number | null
  completion_tokens: number | null
  created_at: Date
}

export type ConversationsTables = {
  conversations: ConversationsTable
  messages: MessagesTable
}
