import type { Db } from '../../database/open.ts'
import type { MessageRow } from './present.ts'

/** The last `limit` messages since the conversation was last resolved, oldest first. */
export const historyOf = async (
  db: Db,
  workspaceId: string,
  conversationId: string,
  { limit }: { limit: number },
): Promise<MessageRow[]> => {
  const rows = await db
    .selectFrom('messages as m')
    .innerJoin('conversations as c', (join) =>
      join.onRef('c.workspace_id', '=', 'm.workspace_id').onRef('c.id', '=', 'm.conversation_id'),
    )
    .selectAll('m')
    .where('m.workspace_id', '=', workspaceId)
    .where('m.conversation_id', '=', conversationId)
    .where((eb) => eb.or([eb('c.context_after', 'is', null), eb('m.id', '>', eb.ref('c.context_after'))]))
    .orderBy('m.id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}
