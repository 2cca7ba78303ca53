import { AppError } from '../../base/errors.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { conversationResolved } from './events.ts'
import { type ConversationRow, presentConversation } from './present.ts'
import { lockConversation, saveConversation } from './queries.ts'
import { resolved } from './transitions.ts'

/** Closes the matter and ends its hand-off. Throws CONFLICT when it is resolved already. */
export const resolveConversation = async (ctx: Ctx, id: string): Promise<ConversationRow> => {
  requireScope(ctx, 'conversations:write')
  return transaction(ctx.db, async (tx) => {
    const old = await lockConversation(ctx, tx, id)
    if (old.status === 'resolved') throw new AppError('CONFLICT', 'This conversation is already resolved.')
    const row = resolved(old, ctx.clock.now())
    await saveConversation(tx, row)
    await recordEvent(ctx, tx, conversationResolved, {
      subject: { type: 'conversation', id },
      data: presentConversation(row),
    })
    return row
  })
}
