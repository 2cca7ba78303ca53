import { type Ctx, requireScope } from '../context.ts'
import type { ConversationRow } from './present.ts'
import { findConversation } from './queries.ts'

export const getConversation = async (ctx: Ctx, id: string): Promise<ConversationRow> => {
  requireScope(ctx, 'conversations:read')
  return findConversation(ctx, ctx.db, id)
}
