import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { getSource } from './get-source.ts'
import { ordinalAfter } from './ordinal-after.ts'
import type { ChunkRow } from './present.ts'

const columns = [
  'workspace_id',
  'id',
  'source_id',
  'document_id',
  'ordinal',
  'title_path',
  'text',
  'char_start',
  'char_end',
  'length',
  'content_hash',
] as const

/** The passages of a source in the order of its text. */
export const listChunks = async (ctx: Ctx, sourceId: string, page: PageInput): Promise<Page<ChunkRow>> => {
  requireScope(ctx, 'knowledge:read')
  await getSource(ctx, sourceId)
  const rows = await ctx.db
    .selectFrom('chunks')
    .select(columns)
    .where('workspace_id', '=', ctx.workspaceId)
    .where('source_id', '=', sourceId)
    .where('ordinal', '>', await ordinalAfter(ctx, 'chunks', sourceId, page.after))
    .orderBy('ordinal')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
