import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { searchTextOf } from './search-terms.ts'

export type Search = {
  text: string
  /** How many passages at most. */
  limit: number
  /** Only these sources; null for all of the workspace. */
  sourceIds: string[] | null
  /** `public` leaves out what is for the team alone. */
  audience: 'public' | 'internal'
}

/** A passage that fits a question. `start` and `end` count UTF-16 code units in its document's text. */
export type FoundChunk = {
  chunkId: string
  sourceId: string
  sourceName: string
  sourceUrl: string | null
  documentId: string
  documentTitle: string | null
  documentUrl: string | null
  titlePath: string[]
  text: string
  start: number
  end: number
  /** BM25 over the chunk and its titles; comparable within one answer only. */
  score: number
}

const k1 = 1.2
const b = 0.75
const maxTextLength = 4_000
const maxTerms = 32
// Postings read to find candidates, rarest terms first. What is over it only adds to the score of those found.
const postingBudget = 12_000
const minCandidates = 64
// Of the rarest words of a question each is to be found in some passage: two questions in one are often told apart by them.
const coveredTerms = 3

type Term = { term: string; chunks: number; idf: number }
type Terms = { terms: Term[]; averageLength: number }

/** The question's terms that occur in the workspace, under every configuration its sources were read with, rarest first. */
const readTerms = async (db: Db, workspaceId: string, text: string): Promise<Terms> => {
  const { words, bigrams } = searchTextOf(text.slice(0, maxTextLength))
  const { rows } = await sql<{ term: string; chunks: number; all_chunks: number; all_length: number }>`
    with read_with as (
      select config, chunks, total_length from knowledge_statistics where workspace_id = ${workspaceId} and chunks > 0
    ), asked as (
      select l.lexeme as term from read_with r cross join lateral unnest(to_tsvector(r.config::regconfig, ${words})) l
      union
      select * from unnest(${bigrams}::text[])
    ), total as (
      select sum(chunks)::integer as chunks, sum(total_length)::bigint as length from read_with
    )
    select t.term, t.chunks, total.chunks as all_chunks, total.length as all_length
    from total cross join asked a join term_statistics t on t.workspace_id = ${workspaceId} and t.term = a.term
    order by t.chunks, t.term limit ${maxTerms}`.execute(db)
  const first = rows[0]
  if (!first) return { terms: [], averageLength: 1 }
  const idf = (chunks: number) => Math.log(1 + (first.all_chunks - chunks + 0.5) / (chunks + 0.5))
  return {
    terms: rows.map(({ term, chunks }) => ({ term, chunks, idf: idf(chunks) })),
    averageLength: Math.max(1, first.all_length / first.all_chunks),
  }
}

/** How many of the terms, rarest first, fit the budget; at least one. */
const countWithin = (terms: readonly Term[], budget: number): number => {
  let read = 0
  for (const [i, { chunks }] of terms.entries()) {
    read += chunks
    if (read > budget) return Math.max(1, i)
  }
  return terms.length
}

type Row = {
  chunk_id: string
  source_id: string
  source_name: string
  source_url: string | null
  document_id: string
  document_title: string | null
  document_url: string | null
  title_path: string[]
  text: string
  char_start: number
  char_end: number
  score: number
}

const toFound = (row: Row): FoundChunk => ({
  chunkId: row.chunk_id,
  sourceId: row.source_id,
  sourceName: row.source_name,
  sourceUrl: row.source_url,
  documentId: row.document_id,
  documentTitle: row.document_title,
  documentUrl: row.document_url,
  titlePath: row.title_path,
  text: row.text,
  start: row.char_start,
  end: row.char_end,
  score: row.score,
})

const termColumns = (terms: readonly Term[]) =>
  sql`unnest(${terms.map(({ term }) => term)}::text[], ${terms.map(({ idf }) => idf)}::float8[]) as q (term, idf)`

const saturated = (averageLength: number) =>
  sql`q.idf * ${k1 + 1}::float8 * p.frequency / (p.frequency + ${k1 * (1 - b)}::float8 + p.length * ${(k1 * b) / averageLength}::float8)`

const allowedSources = (workspaceId: string, { audience, sourceIds }: Search) => sql`
      select id from knowledge_sources where workspace_id = ${workspaceId}
        and (${audience === 'internal'} or audience = 'public')
        and (${sourceIds === null} or id = any(${sourceIds ?? []}::uuid[]))`

/** What is told of the chunks that the query has named `found`, the best first. */
const passagesOfFound = (workspaceId: string) => sql`
    select f.chunk_id, f.score, c.source_id, c.document_id, c.title_path, c.text, c.char_start, c.char_end,
      s.name as source_name, s.url as source_url, d.title as document_title, d.url as document_url
    from found f
    join chunks c on c.workspace_id = ${workspaceId} and c.id = f.chunk_id
    join knowledge_documents d on d.workspace_id = ${workspaceId} and d.id = c.document_id
    join knowledge_sources s on s.workspace_id = ${workspaceId} and s.id = c.source_id
    order by f.score desc, f.chunk_id`

/** Finds the best chunks by the first `leading` terms and ranks them by all. */
const rank = async (
  db: Db,
  workspaceId: string,
  search: Search,
  { terms, averageLength }: Terms,
  leading: number,
): Promise<Row[]> => {
  const lead = terms.slice(0, leading)
  const rest = terms.slice(leading)
  const candidates = rest.length === 0 ? search.limit : Math.max(minCandidates, search.limit * 4)
  const score = saturated(averageLength)
  const { rows } = await sql<Row>`
    with allowed as (${allowedSources(workspaceId, search)}), candidates as materialized (
      select p.chunk_id, sum(${score}) as score
      from ${termColumns(lead)} join postings p on p.workspace_id = ${workspaceId} and p.term = q.term
      where p.source_id in (select id from allowed)
      group by p.chunk_id order by 2 desc, 1 limit ${candidates}
    ), found as materialized (
      select c.chunk_id, c.score + coalesce(sum(${score}), 0) as score
      from candidates c left join (${termColumns(rest)} join postings p on p.workspace_id = ${workspaceId} and p.term = q.term)
        on p.chunk_id = c.chunk_id
      group by c.chunk_id, c.score order by 2 desc, 1 limit ${search.limit}
    ) ${passagesOfFound(workspaceId)}`.execute(db)
  return rows
}

/** For each of the rarest terms that no row holds, the chunk that says most of it. */
const findUncovered = async (
  db: Db,
  workspaceId: string,
  search: Search,
  { terms, averageLength }: Terms,
  rows: readonly Row[],
): Promise<Row[]> => {
  const rare = terms.slice(0, coveredTerms)
  const score = saturated(averageLength)
  const { rows: best } = await sql<Row>`
    with allowed as (${allowedSources(workspaceId, search)}), found as (
      select distinct on (top.chunk_id) top.chunk_id, top.score
      from ${termColumns(rare)} cross join lateral (
        select p.chunk_id, ${score} as score from postings p
        where p.workspace_id = ${workspaceId} and p.term = q.term and p.source_id in (select id from allowed)
        order by 2 desc, 1 limit 1
      ) top
      where not exists (
        select from postings p where p.workspace_id = ${workspaceId} and p.term = q.term
          and p.chunk_id = any(${rows.map((row) => row.chunk_id)}::uuid[])
      )
    ) ${passagesOfFound(workspaceId)}`.execute(db)
  return best
}

/** The rows, the last of them given up for what covers a rare term that none of them holds. */
const cover = async (db: Db, workspaceId: string, search: Search, found: Terms, rows: Row[]): Promise<Row[]> => {
  if (rows.length < search.limit || search.limit <= coveredTerms) return rows
  const added = await findUncovered(db, workspaceId, search, found, rows)
  const kept = rows.slice(0, search.limit - added.length)
  // A part of the question fits less than the whole does, whatever its own score.
  const least = kept.at(-1)!.score
  return [...kept, ...added.map((row) => ({ ...row, score: Math.min(row.score, least) }))]
}

/**
 * The passages of a workspace that fit a text best, by BM25. With many or frequent terms the rarest find the candidates;
 * more are drawn in only while there are too few hits.
 */
export const retrieve = async (db: Db, workspaceId: string, search: Search): Promise<FoundChunk[]> => {
  if (search.limit < 1 || search.sourceIds?.length === 0) return []
  const found = await readTerms(db, workspaceId, search.text)
  if (found.terms.length === 0) return []
  for (let leading = countWithin(found.terms, postingBudget); ; leading++) {
    const rows = await rank(db, workspaceId, search, found, leading)
    if (rows.length >= search.limit || leading >= found.terms.length)
      return (await cover(db, workspaceId, search, found, rows)).map(toFound)
  }
}
