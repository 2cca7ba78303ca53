import { z } from 'zod'
import {
  CreateKnowledgeSource,
  createSource,
  deleteSource,
  getSource,
  KnowledgeChunk,
  KnowledgeDocument,
  KnowledgeSource,
  listChunks,
  listDocuments,
  listSources,
  presentChunk,
  presentDocument,
  presentSource,
  reingestSource,
  sourceStatuses,
  sourceTypes,
} from '../../domain/knowledge/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { accepted, created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('knowledgeSource') })
const tag = 'Knowledge sources'

export const knowledgeSourceEndpoints = [
  defineEndpoint({
    id: 'knowledge_sources_list',
    method: 'GET',
    path: '/v1/knowledge-sources',
    access: 'knowledge:read',
    tag,
    summary: 'List knowledge sources, newest first',
    query: z.strictObject({
      ...pageQuery,
      status: z.enum(sourceStatuses).optional().meta({ description: 'Only sources in this state.' }),
      type: z.enum(sourceTypes).optional().meta({ description: 'Only sources of this type.' }),
    }),
    responses: { 200: listOf(KnowledgeSource) },
    handler: async ({ ctx, query }) =>
      ok(
        presentPage('knowledgeSource', await listSources(ctx, query, pageOf('knowledgeSource', query)), presentSource),
      ),
  }),
  defineEndpoint({
    id: 'knowledge_sources_create',
    method: 'POST',
    path: '/v1/knowledge-sources',
    access: 'knowledge:write',
    tag,
    summary: 'Add a knowledge source',
    description:
      'The source is read in the background: watch its `status`, or the event `knowledge_source.ready`. Types: `text` (with `content`), `qa` (`items` or `content`), `file` (a file in a multipart form, or `content` with `file_name`), `url` (one page), `crawl` (a site from its first page on, up to 50 pages), `openapi` (`content`, `url` or a file). PDF, Word, HTML, Markdown, CSV, JSON and plain text are read.',
    body: CreateKnowledgeSource,
    acceptsFile: true,
    responses: { 201: KnowledgeSource },
    handler: async ({ ctx, body, file, deps: { settings } }) =>
      created(presentSource(await createSource(ctx, body, { settings, file }))),
  }),
  defineEndpoint({
    id: 'knowledge_sources_get',
    method: 'GET',
    path: '/v1/knowledge-sources/{id}',
    access: 'knowledge:read',
    tag,
    summary: 'Read a knowledge source',
    params,
    responses: { 200: KnowledgeSource },
    handler: async ({ ctx, params: { id } }) => ok(presentSource(await getSource(ctx, id))),
  }),
  defineEndpoint({
    id: 'knowledge_sources_delete',
    method: 'DELETE',
    path: '/v1/knowledge-sources/{id}',
    access: 'knowledge:write',
    tag,
    summary: 'Delete a knowledge source',
    description: 'Its text can no longer be found or quoted. Messages that quoted it keep their quotes.',
    params,
    responses: { 204: null },
    handler: async ({ ctx, params: { id } }) => {
      await deleteSource(ctx, id)
      return noContent()
    },
  }),
  defineEndpoint({
    id: 'knowledge_sources_reingest',
    method: 'POST',
    path: '/v1/knowledge-sources/{id}/reingest',
    access: 'knowledge:write',
    tag,
    summary: 'Read a knowledge source again',
    description: 'The page or site is fetched again. Answers draw on the old text until the new one is complete.',
    params,
    responses: { 202: KnowledgeSource },
    handler: async ({ ctx, params: { id } }) => accepted(presentSource(await reingestSource(ctx, id))),
  }),
  defineEndpoint({
    id: 'knowledge_sources_chunks',
    method: 'GET',
    path: '/v1/knowledge-sources/{id}/chunks',
    access: 'knowledge:read',
    tag,
    summary: 'List the passages of a knowledge source, in the order of its text',
    params,
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(KnowledgeChunk) },
    handler: async ({ ctx, params: { id }, query }) =>
      ok(presentPage('chunk', await listChunks(ctx, id, pageOf('chunk', query)), presentChunk)),
  }),
  defineEndpoint({
    id: 'knowledge_sources_content',
    method: 'GET',
    path: '/v1/knowledge-sources/{id}/content',
    access: 'knowledge:read',
    tag,
    summary: 'List the stored texts of a knowledge source',
    description:
      'One document a file or page, with the pages that could not be read and why. Offsets of citations count in `text`.',
    params,
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(KnowledgeDocument) },
    handler: async ({ ctx, params: { id }, query }) =>
      ok(
        presentPage(
          'knowledgeDocument',
          await listDocuments(ctx, id, pageOf('knowledgeDocument', query)),
          presentDocument,
        ),
      ),
  }),
]
