import type { Db } from '../../database/open.ts'
import type { SourceRow } from './present.ts'

export const selectSource = (db: Db, workspaceId: string, id: string): Promise<SourceRow | undefined> =>
  db
    .selectFrom('knowledge_sources')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
