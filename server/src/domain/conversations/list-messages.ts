import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { MessageRow } from './present.ts'
import { findConversation } from './queries.ts'

export type MessagePageInput = PageInput & { order: 'asc' | 'desc' }

/** What was said in a conversation, oldest first with `asc`. */
export const listMessages = async (
  ctx: Ctx,
  conversationId: string,
  { order, after, limit }: MessagePageInput,
): Promise<Page<MessageRow>> => {
  requireScope(ctx, 'messages:read')
  await findConversation(ctx, ctx.db, conversationId)
  let query = ctx.db
    .selectFrom('messages')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('conversation_id', '=', conversationId)
  if (after) query = query.where('id', order === 'asc' ? '>' : '<', after)
  const rows = await query
    .orderBy('id', order)
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit)
}
