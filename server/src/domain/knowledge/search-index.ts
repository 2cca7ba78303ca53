import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { searchTextOf } from './search-terms.ts'

/** A passage to be made findable. */
export type NewChunk = {
  id: string
  documentId: string
  ordinal: number
  titlePath: string[]
  text: string
  start: number
  end: number
  contentHash: string
}

type Place = { workspaceId: string; config: string }

// A title says what the passage is about in few words, so each of its words counts as two.
const titleWeight = 2
// Longer "words" are keys and hashes cut from code; nobody asks for them, and an index entry must fit a page.
const longestTermBytes = 128
// One statement's share: large enough to amortise its planning, small enough to keep its hash tables in memory.
const chunksAtOnce = 250
// The first of two lock numbers: the number is arbitrary but fixed.
const lockClass = 725_209

/**
 * Keeps everybody else from changing the search statistics of these workspaces until the transaction ends. Taken before
 * any row of a source is locked, so that two changes wait for each other in one order.
 */
export const lockIndexes = async (tx: Db, workspaceIds: readonly string[]): Promise<void> => {
  for (const id of [...new Set(workspaceIds)].sort())
    await sql`select pg_advisory_xact_lock(${lockClass}, hashtext(${id}))`.execute(tx)
}

const countsOf = (chunk: NewChunk): Map<string, number> => {
  const counts = new Map<string, number>()
  const add = (terms: string[], weight: number) => {
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + weight)
  }
  add(searchTextOf(chunk.text).bigrams, 1)
  add(searchTextOf(chunk.titlePath.join('\n')).bigrams, titleWeight)
  return counts
}

/** Stores chunks with their postings and counts them in the statistics. Wants `lockIndexes` held. */
export const addChunks = async (
  tx: Db,
  { workspaceId, config, sourceId }: Place & { sourceId: string },
  chunks: readonly NewChunk[],
): Promise<void> => {
  for (let at = 0; at < chunks.length; at += chunksAtOnce)
    await addSome(tx, { workspaceId, config, sourceId }, chunks.slice(at, at + chunksAtOnce))
}

const addSome = async (
  tx: Db,
  { workspaceId, config, sourceId }: Place & { sourceId: string },
  chunks: readonly NewChunk[],
): Promise<void> => {
  const bigrams = chunks.flatMap((chunk) =>
    [...countsOf(chunk)].map(([term, count]) => ({ id: chunk.id, term, count })),
  )
  await sql`
    with incoming as (
      select * from unnest(${chunks.map(({ id }) => id)}::uuid[], ${chunks.map(({ documentId }) => documentId)}::uuid[],
        ${chunks.map(({ ordinal }) => ordinal)}::integer[], ${chunks.map(({ titlePath }) => JSON.stringify(titlePath))}::text[],
        ${chunks.map(({ text }) => text)}::text[], ${chunks.map(({ start }) => start)}::integer[],
        ${chunks.map(({ end }) => end)}::integer[], ${chunks.map(({ contentHash }) => contentHash)}::text[],
        ${chunks.map(({ text }) => searchTextOf(text).words)}::text[],
        ${chunks.map(({ titlePath }) => searchTextOf(titlePath.join('\n')).words)}::text[])
        as t (id, document_id, ordinal, title_path, text, char_start, char_end, content_hash, words, title_words)
    ), found as (
      select i.id, l.lexeme as term, cardinality(l.positions) as count
      from incoming i cross join lateral unnest(to_tsvector(${config}::text::regconfig, i.words)) l
      union all
      select i.id, l.lexeme, ${titleWeight}::integer * cardinality(l.positions)
      from incoming i cross join lateral unnest(to_tsvector(${config}::text::regconfig, i.title_words)) l
      union all
      select * from unnest(${bigrams.map(({ id }) => id)}::uuid[], ${bigrams.map(({ term }) => term)}::text[],
        ${bigrams.map(({ count }) => count)}::integer[])
    ), counted as (
      select id, term, least(sum(count), 32767)::smallint as frequency from found
      where octet_length(term) <= ${longestTermBytes} group by id, term
    ), sized as (
      select i.id, coalesce(sum(c.frequency), 0)::integer as length,
        coalesce(array_agg(c.term) filter (where c.term is not null), '{}') as terms
      from incoming i left join counted c using (id) group by i.id
    ), stored as (
      insert into chunks (workspace_id, id, source_id, document_id, ordinal, title_path, text, char_start, char_end, length, content_hash,
        terms)
      select ${workspaceId}, i.id, ${sourceId}, i.document_id, i.ordinal,
        array(select jsonb_array_elements_text(i.title_path::jsonb)), i.text, i.char_start, i.char_end, s.length, i.content_hash, s.terms
      from incoming i join sized s using (id)
    ), posted as (
      insert into postings (workspace_id, term, chunk_id, source_id, frequency, length)
      select ${workspaceId}, c.term, c.id, ${sourceId}, c.frequency, s.length from counted c join sized s using (id)
      order by c.term collate "C", c.id
    ), totalled as (
      insert into knowledge_statistics (workspace_id, config, chunks, total_length)
      select ${workspaceId}, ${config}, count(*), sum(length) from sized
      on conflict (workspace_id, config) do update set chunks = knowledge_statistics.chunks + excluded.chunks,
        total_length = knowledge_statistics.total_length + excluded.total_length
    )
    insert into term_statistics (workspace_id, term, chunks)
    select ${workspaceId}, term, count(*) from counted group by term order by term collate "C"
    on conflict (workspace_id, term) do update set chunks = term_statistics.chunks + excluded.chunks`.execute(tx)
}

/** Removes chunks with their postings and takes them out of the statistics. Wants `lockIndexes` held. */
export const removeChunks = async (
  tx: Db,
  { workspaceId, config, ids }: Place & { ids: readonly string[] },
): Promise<void> => {
  for (let at = 0; at < ids.length; at += chunksAtOnce)
    await removeSome(tx, { workspaceId, config }, ids.slice(at, at + chunksAtOnce))
}

const removeSome = async (tx: Db, { workspaceId, config }: Place, ids: readonly string[]): Promise<void> => {
  await sql`
    with gone as (
      delete from chunks where workspace_id = ${workspaceId} and id = any(${ids}::uuid[]) returning id, length, terms
    ), found as (
      select g.id, t.term from gone g cross join lateral unnest(g.terms) as t (term)
    ), unposted as (
      delete from postings p using found f
      where p.workspace_id = ${workspaceId} and p.term = f.term and p.chunk_id = f.id
    ), counted as (
      select term, count(*)::integer as count from found group by term
    ), emptied as (
      delete from term_statistics t using counted c
      where t.workspace_id = ${workspaceId} and t.term = c.term and t.chunks <= c.count
    ), lowered as (
      update term_statistics t set chunks = t.chunks - c.count from counted c
      where t.workspace_id = ${workspaceId} and t.term = c.term and t.chunks > c.count
    )
    update knowledge_statistics s set chunks = s.chunks - g.chunks, total_length = s.total_length - g.length
    from (select count(*)::integer as chunks, coalesce(sum(length), 0)::bigint as length from gone) g
    where s.workspace_id = ${workspaceId} and s.config = ${config}`.execute(tx)
}
