import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, reachesConversation, requireScope } from '../context.ts'
import type { MessageRow } from './present.ts'

export const getMessage = async (ctx: Ctx, id: string): Promise<MessageRow> => {
  requireScope(ctx, 'messages:read')
  const row = await ctx.db
    .selectFrom('messages')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row || !reachesConversation(ctx, row.conversation_id)) throw notFound('message', toWireId('message', id))
  return row
}
