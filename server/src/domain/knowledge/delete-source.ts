import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { sourceDeleted } from './events.ts'
import { lockIndexes, removeChunks } from './search-index.ts'
import { searchConfigOf } from './search-terms.ts'

/** Deletes a source and everything read from it; a reading under way leaves nothing behind. */
export const deleteSource = async (ctx: Ctx, id: string): Promise<void> => {
  requireScope(ctx, 'knowledge:write')
  await transaction(ctx.db, async (tx) => {
    await lockIndexes(tx, [ctx.workspaceId])
    const source = await tx
      .selectFrom('knowledge_sources')
      .select('language')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!source) throw notFound('knowledge source', toWireId('knowledgeSource', id))
    const chunks = await tx
      .selectFrom('chunks')
      .select('id')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('source_id', '=', id)
      .execute()
    await removeChunks(tx, {
      workspaceId: ctx.workspaceId,
      config: searchConfigOf(source.language),
      ids: chunks.map((chunk) => chunk.id),
    })
    await tx.deleteFrom('knowledge_sources').where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    await recordEvent(ctx, tx, sourceDeleted, {
      subject: { type: 'knowledge_source', id },
      data: { id: toWireId('knowledgeSource', id), deleted_at: ctx.clock.now().toISOString() },
    })
  })
}
