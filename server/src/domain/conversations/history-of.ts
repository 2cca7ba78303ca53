import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { MessageRow } from './present.ts'

/** The last `limit` messages since the conversation was last resolved, oldest first. */
export const historyOf = async (
  db: Db,
  workspaceId: string,
  conversationId: string,
  { limit }: { limit: number },
): Promise<MessageRow[]> => {
  // A bare subquery can bound the index scan; with the coalesce around it, it could not.
  const lastResolve = sql<string>`(select coalesce(context_after, '00000000-0000-0000-0000-000000000000')
    from conversations where workspace_id = ${workspaceId} and id = ${conversationId})`
  const rows = await db
    .selectFrom('messages')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('conversation_id', '=', conversationId)
    .where('id', '>', lastResolve)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}
