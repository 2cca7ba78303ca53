import { defineEvent } from '../events/index.ts'
import { KnowledgeSource, KnowledgeSourceDeletedData } from './contract.ts'

export const sourceCreated = defineEvent({
  type: 'knowledge_source.created',
  description: 'A knowledge source was added; its text is still to be read.',
  data: KnowledgeSource,
})
export const sourceUpdated = defineEvent({
  type: 'knowledge_source.updated',
  description: 'A knowledge source was asked to be read again.',
  data: KnowledgeSource,
})
export const sourceProcessing = defineEvent({
  type: 'knowledge_source.processing',
  description: 'Reading a knowledge source began.',
  data: KnowledgeSource,
})
export const sourceReady = defineEvent({
  type: 'knowledge_source.ready',
  description: 'A knowledge source was read and answers can draw on it.',
  data: KnowledgeSource,
})
export const sourceFailed = defineEvent({
  type: 'knowledge_source.failed',
  description: 'A knowledge source could not be read; `error` says why. A version from before goes on answering.',
  data: KnowledgeSource,
})
export const sourceDeleted = defineEvent({
  type: 'knowledge_source.deleted',
  description: 'A knowledge source was deleted with all that was read from it.',
  data: KnowledgeSourceDeletedData,
})

export const knowledgeEvents = [
  sourceCreated,
  sourceUpdated,
  sourceProcessing,
  sourceReady,
  sourceFailed,
  sourceDeleted,
]
