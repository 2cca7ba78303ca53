import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { conversationHandoff } from './events.ts'
import { type ConversationRow, presentConversation } from './present.ts'
import { saveConversation } from './queries.ts'
import { handedOff } from './transitions.ts'

/**
 * Asks for a person inside the caller's transaction that has locked the conversation. One that already waits for a
 * person, or has one, stays as it is, without a second event.
 */
// scope: the verb that calls has checked its own.
export const requestHandoff = async (
  ctx: Ctx,
  tx: Db,
  conversation: ConversationRow,
  reason: string,
): Promise<ConversationRow> => {
  const row = handedOff(conversation, reason, ctx.clock.now())
  if (row === conversation) return row
  await saveConversation(tx, row)
  await recordEvent(ctx, tx, conversationHandoff, {
    subject: { type: 'conversation', id: row.id },
    data: presentConversation(row),
  })
  return row
}
