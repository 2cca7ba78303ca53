import { sql } from 'kysely'
import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { SourceRow } from './present.ts'
import type { ReadDocument } from './read-source.ts'
import { addChunks, type NewChunk, removeChunks } from './search-index.ts'
import { searchConfigOf } from './search-terms.ts'

type Stored = { id: string; key: string }
type Kept = { id: string; documentId: string; ordinal: number; start: number; end: number }

const takeFrom = (stored: Map<string, string[]>, key: string): string | undefined => stored.get(key)?.shift()

const byKey = (rows: readonly Stored[]): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const { id, key } of rows) found.set(key, [...(found.get(key) ?? []), id])
  return found
}

const leftOver = (stored: Map<string, string[]>): string[] => [...stored.values()].flat()

const keyOf = ({ url, text }: { url: string | null; text: string }): string => `${url ?? ''}\n${text}`

/**
 * Replaces what is stored of a source by what was read, in one transaction: a document or passage that is still the same
 * keeps its row, its id and its postings. Wants `lockIndexes` and the source's row held.
 */
export const writeSource = async (tx: Db, source: SourceRow, documents: readonly ReadDocument[]): Promise<void> => {
  const place = { workspaceId: source.workspace_id, sourceId: source.id, config: searchConfigOf(source.language) }
  const oldDocuments = byKey(await readDocumentKeys(tx, source))
  const oldChunks = byKey(await readChunkKeys(tx, source))
  const placed = documents.map((document, ordinal) => {
    const known = takeFrom(oldDocuments, keyOf(document))
    return { document, ordinal, id: known ?? newId(), isNew: known === undefined }
  })
  const kept: Kept[] = []
  const added: NewChunk[] = []
  let ordinal = 0
  for (const { document, id: documentId } of placed)
    for (const chunk of document.chunks) {
      const id = takeFrom(oldChunks, chunk.contentHash)
      if (id === undefined) added.push({ ...chunk, id: newId(), documentId, ordinal })
      else kept.push({ id, documentId, ordinal, start: chunk.start, end: chunk.end })
      ordinal++
    }
  await insertDocuments(
    tx,
    source,
    placed.filter(({ isNew }) => isNew),
  )
  await moveDocuments(
    tx,
    source,
    placed.filter(({ isNew }) => !isNew),
  )
  await moveChunks(tx, source, kept)
  await removeChunks(tx, { ...place, ids: leftOver(oldChunks) })
  await addChunks(tx, place, added)
  await sql`delete from knowledge_documents where workspace_id = ${source.workspace_id} and id = any(${leftOver(oldDocuments)}::uuid[])`.execute(
    tx,
  )
}

const readDocumentKeys = async (tx: Db, source: SourceRow): Promise<Stored[]> => {
  const rows = await tx
    .selectFrom('knowledge_documents')
    .select(['id', 'url', 'text'])
    .where('workspace_id', '=', source.workspace_id)
    .where('source_id', '=', source.id)
    .orderBy('ordinal')
    .execute()
  return rows.map((row) => ({ id: row.id, key: keyOf(row) }))
}

const readChunkKeys = async (tx: Db, source: SourceRow): Promise<Stored[]> => {
  const rows = await tx
    .selectFrom('chunks')
    .select(['id', 'content_hash'])
    .where('workspace_id', '=', source.workspace_id)
    .where('source_id', '=', source.id)
    .orderBy('ordinal')
    .execute()
  return rows.map((row) => ({ id: row.id, key: row.content_hash }))
}

type Placed = { document: ReadDocument; ordinal: number; id: string }

const insertDocuments = async (tx: Db, source: SourceRow, placed: readonly Placed[]): Promise<void> => {
  if (placed.length === 0) return
  await tx
    .insertInto('knowledge_documents')
    .values(
      placed.map(({ document: { title, url, text, error }, ordinal, id }) => ({
        workspace_id: source.workspace_id,
        id,
        source_id: source.id,
        ordinal,
        title,
        url,
        text,
        error,
      })),
    )
    .execute()
}

const moveDocuments = async (tx: Db, source: SourceRow, placed: readonly Placed[]): Promise<void> => {
  await sql`update knowledge_documents d set ordinal = m.ordinal, title = m.title, error = m.error
    from unnest(${placed.map(({ id }) => id)}::uuid[], ${placed.map(({ ordinal }) => ordinal)}::integer[],
      ${placed.map(({ document }) => document.title)}::text[], ${placed.map(({ document }) => document.error)}::text[])
      as m (id, ordinal, title, error)
    where d.workspace_id = ${source.workspace_id} and d.id = m.id
      and (d.ordinal, d.title, d.error) is distinct from (m.ordinal, m.title, m.error)`.execute(tx)
}

const moveChunks = async (tx: Db, source: SourceRow, kept: readonly Kept[]): Promise<void> => {
  await sql`update chunks c set document_id = m.document_id, ordinal = m.ordinal, char_start = m.char_start, char_end = m.char_end
    from unnest(${kept.map(({ id }) => id)}::uuid[], ${kept.map(({ documentId }) => documentId)}::uuid[],
      ${kept.map(({ ordinal }) => ordinal)}::integer[], ${kept.map(({ start }) => start)}::integer[],
      ${kept.map(({ end }) => end)}::integer[]) as m (id, document_id, ordinal, char_start, char_end)
    where c.workspace_id = ${source.workspace_id} and c.id = m.id
      and (c.document_id, c.ordinal, c.char_start, c.char_end) is distinct from (m.document_id, m.ordinal, m.char_start, m.char_end)`.execute(
    tx,
  )
}
