import type { z } from 'zod'
import { newId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { actorName, type Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import type { Citation, Handoff } from './contract.ts'
import {
  chatMessageCreated,
  conversationReopened,
  conversationUpdated,
  messageReceived,
  messageSent,
} from './events.ts'
import { type ConversationRow, type MessageRow, presentConversation, presentMessage } from './present.ts'
import { saveConversation } from './queries.ts'
import { withMessage } from './transitions.ts'

/** The customer's message (`user`) or a team member's (`human`). */
export type PersonMessage = { role: 'user' | 'human'; content: string }

/** An agent's message with what produced it. */
export type AssistantMessage = {
  role: 'assistant'
  /** Where it was already told to a reader of the stream. */
  id?: string
  content: string
  agentId: string
  status: MessageRow['status']
  inReplyTo: string | null
  agentVersionId: string
  mode: NonNullable<MessageRow['mode']>
  model: string
  /** 0 to 1; null where the model gives none. */
  confidence: number | null
  citations: z.infer<typeof Citation>[]
  handoff: z.infer<typeof Handoff> | null
  usage: { promptTokens: number; completionTokens: number } | null
}

const eventOf = { user: messageReceived, human: messageSent, assistant: chatMessageCreated }

const ofPerson = {
  status: 'complete' as const,
  in_reply_to: null,
  agent_version_id: null,
  mode: null,
  model: null,
  confidence: null,
  citations: null,
  handoff: null,
  prompt_tokens: null,
  completion_tokens: null,
}

const ofAssistant = (message: AssistantMessage) => ({
  status: message.status,
  in_reply_to: message.inReplyTo,
  agent_version_id: message.agentVersionId,
  mode: message.mode,
  model: message.model,
  confidence: message.confidence,
  citations: JSON.stringify(message.citations),
  handoff: message.handoff && JSON.stringify(message.handoff),
  prompt_tokens: message.usage?.promptTokens ?? null,
  completion_tokens: message.usage?.completionTokens ?? null,
})

const authorOf = (ctx: Ctx, { contact_id }: ConversationRow, message: PersonMessage | AssistantMessage): string => {
  if (message.role === 'assistant') return actorName({ type: 'agent', id: message.agentId })
  if (message.role === 'human') return actorName(ctx.actor)
  return contact_id === null ? 'contact' : `contact:${toWireId('contact', contact_id)}`
}

const recordChange = async (ctx: Ctx, tx: Db, before: ConversationRow, now: ConversationRow): Promise<void> => {
  const recorded = { subject: { type: 'conversation', id: now.id }, data: presentConversation(now) }
  if (now.status !== before.status) await recordEvent(ctx, tx, conversationReopened, recorded)
  if (now.handoff_state !== before.handoff_state) await recordEvent(ctx, tx, conversationUpdated, recorded)
}

/**
 * Adds a message inside the caller's transaction to the conversation as `lockConversation` or `openConversation` gave it,
 * with all that follows: a customer's message reopens what was resolved, a person's takes over what was handed off.
 * Returns both as they are now.
 */
// scope: the verb that calls has checked its own.
export const insertMessage = async (
  ctx: Ctx,
  tx: Db,
  conversation: ConversationRow,
  message: PersonMessage | AssistantMessage,
): Promise<{ message: MessageRow; conversation: ConversationRow }> => {
  const now = ctx.clock.now()
  const isAnswer = message.role === 'assistant'
  const row: MessageRow = {
    workspace_id: conversation.workspace_id,
    id: (isAnswer ? message.id : undefined) ?? newId(),
    conversation_id: conversation.id,
    role: message.role,
    author: authorOf(ctx, conversation, message),
    content: message.content,
    ...(isAnswer ? ofAssistant(message) : ofPerson),
    created_at: now,
  }
  const next = withMessage(conversation, row.role, now)
  await tx.insertInto('messages').values(row).execute()
  await saveConversation(tx, next)
  await recordChange(ctx, tx, conversation, next)
  await recordEvent(ctx, tx, eventOf[row.role], { subject: { type: 'message', id: row.id }, data: presentMessage(row) })
  return { message: row, conversation: next }
}
