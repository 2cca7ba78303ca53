import type { z } from 'zod'
import { newId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import type { CreateKnowledgeSource } from './contract.ts'
import { enqueueIngest } from './enqueue-ingest.ts'
import { sourceCreated } from './events.ts'
import { presentSource, type SourceRow } from './present.ts'
import { readSourceInput, type SourceFile } from './source-input.ts'

type Outside = { settings: { sandboxLoopback: boolean }; file?: SourceFile | undefined }

const defaultLanguage = 'en'

/** Keeps what was handed in and has it read in the background. Throws BAD_REQUEST when the parts do not fit together. */
export const createSource = async (
  ctx: Ctx,
  input: z.output<typeof CreateKnowledgeSource>,
  { settings, file }: Outside,
): Promise<SourceRow> => {
  requireScope(ctx, 'knowledge:write')
  const { type, name, url, upload } = readSourceInput(input, file, outgoingPolicy(ctx.mode, settings))
  const now = ctx.clock.now()
  const row: SourceRow = {
    workspace_id: ctx.workspaceId,
    id: newId(),
    type,
    name,
    url,
    language: input.language ?? defaultLanguage,
    audience: input.audience ?? 'public',
    status: 'queued',
    error_code: null,
    error_message: null,
    version: 0,
    content_hash: null,
    ingest_id: newId(),
    progress_done: 0,
    progress_total: 0,
    chunk_count: 0,
    character_count: 0,
    fetched_at: null,
    created_at: now,
    updated_at: now,
  }
  return transaction(ctx.db, async (tx) => {
    await tx.insertInto('knowledge_sources').values(row).execute()
    if (upload)
      await tx
        .insertInto('knowledge_uploads')
        .values({
          workspace_id: ctx.workspaceId,
          source_id: row.id,
          file_name: upload.fileName?.slice(0, 255).toWellFormed() ?? null,
          media_type: upload.mediaType.slice(0, 255),
          bytes: upload.bytes,
        })
        .execute()
    await recordEvent(ctx, tx, sourceCreated, {
      subject: { type: 'knowledge_source', id: row.id },
      data: presentSource(row),
    })
    await enqueueIngest(tx, row, now)
    return row
  })
}
