import { notFound } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { enqueueIngest } from './enqueue-ingest.ts'
import { sourceUpdated } from './events.ts'
import { presentSource, type SourceRow } from './present.ts'
import { selectSource } from './queries.ts'

/**
 * Has a source read again; answers go on drawing on what is there until the new version is complete. A source that is
 * still waiting to be read is left as it is; one that is being read starts over.
 */
export const reingestSource = async (ctx: Ctx, id: string): Promise<SourceRow> => {
  requireScope(ctx, 'knowledge:write')
  return transaction(ctx.db, async (tx) => {
    const old = await selectSource(tx, ctx.workspaceId, id)
    if (old?.status === 'queued') return old
    const now = ctx.clock.now()
    const ingestId = newId()
    // Before the source is locked: a worker that settles holds its lane when it comes to the source.
    if (old) await enqueueIngest(tx, { ...old, ingest_id: ingestId }, now)
    const row = await tx
      .updateTable('knowledge_sources')
      .set({
        status: 'queued',
        error_code: null,
        error_message: null,
        ingest_id: ingestId,
        progress_done: 0,
        progress_total: 0,
        updated_at: now,
      })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (!row) throw notFound('knowledge source', toWireId('knowledgeSource', id))
    await recordEvent(ctx, tx, sourceUpdated, { subject: { type: 'knowledge_source', id }, data: presentSource(row) })
    return row
  })
}
