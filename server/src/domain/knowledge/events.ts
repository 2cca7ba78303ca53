import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { KnowledgeSource, KnowledgeSourceDeletedData } from './contract.ts'

const queued: z.input<typeof KnowledgeSource> = {
  id: 'ks_01kah3r4zse0ztb0g2k2v2r4q1',
  type: 'text',
  name: 'Refund policy',
  url: null,
  language: 'en',
  audience: 'public',
  status: 'queued',
  error: null,
  progress: null,
  version: 0,
  chunk_count: 0,
  character_count: 0,
  fetched_at: null,
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}
const ready: z.input<typeof KnowledgeSource> = {
  ...queued,
  status: 'ready',
  version: 1,
  chunk_count: 1,
  character_count: 46,
  fetched_at: '2026-03-11T11:22:01.000Z',
  updated_at: '2026-03-11T11:22:01.000Z',
}

export const sourceCreated = defineEvent({
  type: 'knowledge_source.created',
  aliases: ['source.created'],
  description: 'A knowledge source was added; its text is still to be read.',
  data: KnowledgeSource,
  example: queued,
})
export const sourceUpdated = defineEvent({
  type: 'knowledge_source.updated',
  aliases: ['source.updated'],
  description: 'A knowledge source was asked to be read again.',
  data: KnowledgeSource,
  example: { ...ready, status: 'queued' },
})
export const sourceProcessing = defineEvent({
  type: 'knowledge_source.processing',
  aliases: ['source.processing'],
  description: 'Reading a knowledge source began.',
  data: KnowledgeSource,
  example: { ...queued, status: 'processing', progress: { done: 0, total: 1 } },
})
export const sourceReady = defineEvent({
  type: 'knowledge_source.ready',
  aliases: ['source.ready'],
  description: 'A knowledge source was read and answers can draw on it.',
  data: KnowledgeSource,
  example: ready,
})
export const sourceFailed = defineEvent({
  type: 'knowledge_source.failed',
  aliases: ['source.failed'],
  description: 'A knowledge source could not be read; `error` says why. A version from before goes on answering.',
  data: KnowledgeSource,
  example: {
    ...queued,
    type: 'url',
    url: 'https://example.com/help',
    status: 'failed',
    error: { code: 'http_status', message: 'The page answered with 404 (Not Found).' },
  },
})
export const sourceDeleted = defineEvent({
  type: 'knowledge_source.deleted',
  aliases: ['source.deleted'],
  description: 'A knowledge source was deleted with all that was read from it.',
  data: KnowledgeSourceDeletedData,
  example: { id: queued.id, deleted_at: '2026-03-11T11:22:00.000Z' },
})

export const knowledgeEvents = [
  sourceCreated,
  sourceUpdated,
  sourceProcessing,
  sourceReady,
  sourceFailed,
  sourceDeleted,
]
