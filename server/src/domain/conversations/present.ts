import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { type IdKind, toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Conversation, Message } from './contract.ts'

export type ConversationRow = Selectable<Tables['conversations']>
export type MessageRow = Selectable<Tables['messages']>

const idOrNull = (kind: IdKind, id: string | null) => (id === null ? null : toWireId(kind, id))
const timeOrNull = (time: Date | null) => time?.toISOString() ?? null

const presentHandoff = ({ handoff_state, handoff_reason, handoff_at }: ConversationRow) =>
  handoff_state && handoff_at && { state: handoff_state, reason: handoff_reason ?? '', at: handoff_at.toISOString() }

export const presentConversation = (row: ConversationRow): z.infer<typeof Conversation> => ({
  id: toWireId('conversation', row.id),
  contact_id: idOrNull('contact', row.contact_id),
  agent_id: toWireId('agent', row.agent_id),
  channel: row.channel,
  subject: row.subject,
  status: row.status,
  priority: row.priority,
  handoff: presentHandoff(row),
  metadata: JSON.parse(row.metadata),
  last_message_at: timeOrNull(row.last_message_at),
  resolved_at: timeOrNull(row.resolved_at),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

const presentUsage = ({ prompt_tokens, completion_tokens }: MessageRow) =>
  prompt_tokens === null || completion_tokens === null
    ? null
    : { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }

export const presentMessage = (row: MessageRow): z.infer<typeof Message> => ({
  id: toWireId('message', row.id),
  conversation_id: toWireId('conversation', row.conversation_id),
  role: row.role,
  author: row.author,
  content: row.content,
  status: row.status,
  in_reply_to: idOrNull('message', row.in_reply_to),
  agent_version_id: idOrNull('agentVersion', row.agent_version_id),
  mode: row.mode,
  model: row.model,
  confidence: row.confidence,
  citations: row.citations === null ? [] : JSON.parse(row.citations),
  handoff: row.handoff === null ? null : JSON.parse(row.handoff),
  usage: presentUsage(row),
  created_at: row.created_at.toISOString(),
})
