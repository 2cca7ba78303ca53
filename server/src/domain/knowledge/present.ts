import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { KnowledgeChunk, KnowledgeDocument, KnowledgeSource } from './contract.ts'

export type SourceRow = Selectable<Tables['knowledge_sources']>
export type ChunkRow = Omit<Selectable<Tables['chunks']>, 'terms'>
export type DocumentRow = Selectable<Tables['knowledge_documents']>

export const presentSource = (row: SourceRow): z.infer<typeof KnowledgeSource> => ({
  id: toWireId('knowledgeSource', row.id),
  type: row.type,
  name: row.name,
  url: row.url,
  language: row.language,
  audience: row.audience,
  status: row.status,
  error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
  progress: row.status === 'processing' ? { done: row.progress_done, total: row.progress_total } : null,
  version: row.version,
  chunk_count: row.chunk_count,
  character_count: row.character_count,
  fetched_at: row.fetched_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

export const presentChunk = (row: ChunkRow): z.infer<typeof KnowledgeChunk> => ({
  id: toWireId('chunk', row.id),
  ordinal: row.ordinal,
  document_id: toWireId('knowledgeDocument', row.document_id),
  title: row.title_path.join(' › '),
  text: row.text,
  start: row.char_start,
  end: row.char_end,
})

export const presentDocument = (row: DocumentRow): z.infer<typeof KnowledgeDocument> => ({
  id: toWireId('knowledgeDocument', row.id),
  title: row.title,
  url: row.url,
  text: row.text,
  error: row.error,
})
