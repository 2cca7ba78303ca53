export {
  CreateKnowledgeSource,
  KnowledgeChunk,
  KnowledgeDocument,
  KnowledgeSource,
  sourceStatuses,
  sourceTypes,
} from './contract.ts'
export { createSource } from './create-source.ts'
export { deleteSource } from './delete-source.ts'
export { knowledgeEvents } from './events.ts'
export { getSource } from './get-source.ts'
export { createIngestKind } from './ingest-source.work.ts'
export { listChunks } from './list-chunks.ts'
export { listDocuments } from './list-documents.ts'
export { listSources } from './list-sources.ts'
export { presentChunk, presentDocument, presentSource } from './present.ts'
export { reingestSource } from './reingest-source.ts'
export { retrieve } from './retrieve.ts'
export { splitSentences } from './text/sentences.ts'
