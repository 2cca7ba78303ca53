import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type AgentForTurn, getAgentForTurn, getAgentOrDefault } from '../agents/index.ts'
import { getContact } from '../contacts/index.ts'
import type { Ctx } from '../context.ts'
import {
  type ConversationRow,
  insertMessage,
  lockConversation,
  type MessageRow,
  openConversation,
} from '../conversations/index.ts'
import { noteLimitReached, PlanLimitError, takeChatMessage } from '../plans/index.ts'
import type { ChatRequest } from './contract.ts'

export type ChatInput = z.output<typeof ChatRequest>

/** A question that has been stored, with who is to answer it. */
export type Turn = { conversation: ConversationRow; agent: AgentForTurn; question: MessageRow }

/** Remembers which question an idempotency key stands for, so that a retry answers it instead of asking it again. */
export type Once = { resourceId: string | null; note(db: Db, resourceId: string): Promise<void> }

const contactOf = ({ contact_id, context }: ChatInput): { id: string; param: string } | null => {
  if (contact_id) return { id: contact_id, param: 'contact_id' }
  return context?.contact_id ? { id: context.contact_id, param: 'context.contact_id' } : null
}

// A visitor's agent is the one whose widget they write in.
const namedAgent = ({ actor }: Ctx, { agent_id }: ChatInput): string | null =>
  actor.type === 'visitor' ? actor.agentId : (agent_id ?? null)

const conversationOf = async (
  ctx: Ctx,
  tx: Db,
  input: ChatInput,
): Promise<{ conversation: ConversationRow; agent: AgentForTurn }> => {
  const inside = { ...ctx, db: tx }
  const contact = contactOf(input)
  if (contact) await getContact(inside, contact.id, contact.param)
  if (input.conversation_id) {
    const conversation = await lockConversation(inside, tx, input.conversation_id, 'conversation_id')
    if (contact && conversation.contact_id && conversation.contact_id !== contact.id)
      throw new AppError('UNPROCESSABLE', 'The conversation belongs to another contact.', { param: contact.param })
    return { conversation, agent: await getAgentForTurn(inside, namedAgent(ctx, input) ?? conversation.agent_id) }
  }
  const agent = await getAgentForTurn(inside, namedAgent(ctx, input))
  const conversation = await openConversation(inside, tx, {
    contactId: contact?.id ?? null,
    agentId: agent.id,
    channel: 'api',
  })
  return { conversation, agent }
}

const askedBefore = async (ctx: Ctx, input: ChatInput, questionId: string): Promise<Turn | undefined> => {
  const question = await ctx.db
    .selectFrom('messages')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', questionId)
    .executeTakeFirst()
  if (!question) return undefined
  const conversation = await lockConversation(ctx, ctx.db, question.conversation_id)
  return {
    conversation,
    question,
    agent: await getAgentOrDefault(ctx, namedAgent(ctx, input) ?? conversation.agent_id),
  }
}

const storeQuestion = (ctx: Ctx, input: ChatInput, once: Once): Promise<Turn> =>
  transaction(ctx.db, async (tx) => {
    const before = once.resourceId === null ? undefined : await askedBefore({ ...ctx, db: tx }, input, once.resourceId)
    if (before) return before
    const { conversation, agent } = await conversationOf(ctx, tx, input)
    const { message: question, conversation: now } = await insertMessage(ctx, tx, conversation, {
      role: 'user',
      content: input.message,
    })
    await once.note(tx, question.id)
    await takeChatMessage(ctx, tx)
    return { conversation: now, agent, question }
  })

/**
 * Finds or opens the conversation, stores what the customer said and counts it, in one transaction. Throws PlanLimitError
 * where the day's limit leaves no room, and then nothing is stored but the event that tells of it.
 */
// scope: the verb that calls has checked its own.
// no event: openConversation and insertMessage record theirs.
export const openTurn = async (ctx: Ctx, input: ChatInput, once: Once): Promise<Turn> => {
  try {
    return await storeQuestion(ctx, input, once)
  } catch (error) {
    if (error instanceof PlanLimitError) await noteLimitReached(ctx.db, error.reached)
    throw error
  }
}
