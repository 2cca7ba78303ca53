import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Part, Reply } from '../chat/index.ts'
import type { Ctx } from '../context.ts'
import { type ConversationRow, type MessageRow, presentConversation, presentMessage } from '../conversations/index.ts'
import type { VisitorConversation, VisitorMessage, VisitorPart, VisitorReply, WidgetKey } from './contract.ts'

export type WidgetKeyRow = Selectable<Tables['widget_keys']>

export const presentWidgetKey = (ctx: Ctx, row: WidgetKeyRow): z.infer<typeof WidgetKey> => ({
  id: toWireId('widgetKey', row.id),
  agent_id: toWireId('agent', row.agent_id),
  name: row.name,
  key: row.key,
  mode: ctx.mode,
  status: row.revoked_at ? 'revoked' : 'active',
  revoked_at: row.revoked_at?.toISOString() ?? null,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
})

const shownHandoff = (handoff: { state: 'requested' | 'active' } | null) => handoff && { state: handoff.state }

const shownCitation = ({ index, title, url, quote, at }: Reply['citations'][number]) => ({
  index,
  title,
  url,
  quote,
  at,
})

export const presentVisitorConversation = (row: ConversationRow): z.infer<typeof VisitorConversation> => {
  const { id, status, last_message_at, created_at, handoff } = presentConversation(row)
  return { id, status, last_message_at, created_at, handoff: shownHandoff(handoff) }
}

export const presentVisitorMessage = (row: MessageRow): z.infer<typeof VisitorMessage> => {
  const { id, role, content, status, in_reply_to, mode, created_at, citations, handoff } = presentMessage(row)
  return {
    id,
    role,
    content,
    status,
    in_reply_to,
    mode,
    created_at,
    citations: citations.map(shownCitation),
    handoff: shownHandoff(handoff),
  }
}

export const presentVisitorReply = (reply: Reply): z.infer<typeof VisitorReply> => {
  const { conversation_id, message_id, role, content, created_at, status, mode, citations, handoff } = reply
  return {
    conversation_id,
    message_id,
    role,
    content,
    created_at,
    status,
    mode,
    citations: citations.map(shownCitation),
    handoff: shownHandoff(handoff),
  }
}

export const presentVisitorPart = (part: Part): z.infer<typeof VisitorPart> => {
  switch (part.type) {
    case 'message-start': {
      const { agent_version_id, ...start } = part
      return start
    }
    case 'citation':
      return { type: 'citation', citation: shownCitation(part.citation) }
    case 'handoff':
      return { type: 'handoff', handoff: { state: part.handoff.state } }
    case 'message-end':
      return { type: 'message-end', message: presentVisitorReply(part.message) }
    default:
      return part
  }
}
