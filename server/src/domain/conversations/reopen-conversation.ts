import { AppError } from '../../base/errors.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { conversationReopened } from './events.ts'
import { type ConversationRow, presentConversation } from './present.ts'
import { lockConversation, saveConversation } from './queries.ts'
import { reopened } from './transitions.ts'

/** Opens a resolved conversation again. Throws CONFLICT when it is open. */
export const reopenConversation = async (ctx: Ctx, id: string): Promise<ConversationRow> => {
  requireScope(ctx, 'conversations:write')
  return transaction(ctx.db, async (tx) => {
    const old = await lockConversation(ctx, tx, id)
    if (old.status === 'open') throw new AppError('CONFLICT', 'This conversation is open.')
    const row = reopened(old, ctx.clock.now())
    await saveConversation(tx, row)
    await recordEvent(ctx, tx, conversationReopened, {
      subject: { type: 'conversation', id },
      data: presentConversation(row),
    })
    return row
  })
}
