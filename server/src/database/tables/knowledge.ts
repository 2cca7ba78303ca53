import type { ColumnType } from 'kysely'
import type { Counter, Owned, Stamped } from './columns.ts'

type KnowledgeSourcesTable = Owned &
  Stamped & {
    id: string
    type: 'text' | 'qa' | 'file' | 'url' | 'crawl' | 'openapi'
    name: string
    url: string | null
    language: string
    audience: 'public' | 'internal'
    status: 'queued' | 'processing' | 'ready' | 'failed'
    error_code: string | null
    error_message: string | null
    version: Counter
    content_hash: string | null
    ingest_id: ColumnType<string, string | undefined, string>
    progress_done: Counter
    progress_total: Counter
    chunk_count: Counter
    character_count: Counter
    fetched_at: Date | null
  }

type KnowledgeUploadsTable = Owned & {
  source_id: string
  file_name: string | null
  media_type: string
  bytes: Buffer
}

type KnowledgeDocumentsTable = Owned & {
  id: string
  source_id: string
  ordinal: number
  title: string | null
  url: string | null
  text: string
  error: string | null
}

type ChunksTable = Owned & {
  id: string
  source_id: string
  document_id: string
  ordinal: number
  title_path: string[]
  text: string
  char_start: number
  char_end: number
  length: number
  content_hash: string
  terms: string[]
}

type PostingsTable = Owned & {
  term: string
  chunk_id: string
  source_id: string
  frequency: number
  length: number
}

type TermStatisticsTable = Owned & { term: string; chunks: number }

type KnowledgeStatisticsTable = Owned & { config: string; chunks: number; total_length: number }

export type KnowledgeTables = {
  knowledge_sources: KnowledgeSourcesTable
  knowledge_uploads: KnowledgeUploadsTable
  knowledge_documents: KnowledgeDocumentsTable
  chunks: ChunksTable
  postings: PostingsTable
  term_statistics: TermStatisticsTable
  knowledge_statistics: KnowledgeStatisticsTable
}
