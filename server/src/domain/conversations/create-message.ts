import type { z } from 'zod'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { CreateMessage } from './contract.ts'
import { insertMessage } from './insert-message.ts'
import type { MessageRow } from './present.ts'
import { lockConversation } from './queries.ts'

/** Stores what a team member, or the customer, wrote. The agent does not answer it: that is what a chat turn is for. */
// no event: insertMessage records it.
export const createMessage = async (
  ctx: Ctx,
  conversationId: string,
  { content, role = 'human' }: z.output<typeof CreateMessage>,
): Promise<MessageRow> => {
  requireScope(ctx, 'messages:write')
  return transaction(ctx.db, async (tx) => {
    const conversation = await lockConversation(ctx, tx, conversationId)
    const { message } = await insertMessage(ctx, tx, conversation, { role, content })
    return message
  })
}
