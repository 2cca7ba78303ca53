import { sql } from 'kysely'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'

/** Throws NOT_FOUND that names the first of these knowledge sources which the workspace does not have. */
export const requireSources = async (db: Db, workspaceId: string, ids: string[] | null | undefined): Promise<void> => {
  if (!ids || ids.length === 0) return
  const rows = await db
    .selectFrom('knowledge_sources')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute()
  const known = new Set(rows.map((row) => row.id))
  const missing = ids.find((id) => !known.has(id))
  if (missing !== undefined)
    throw notFound('knowledge source', toWireId('knowledgeSource', missing), 'knowledge_source_ids')
}
