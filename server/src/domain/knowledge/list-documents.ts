import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { getSource } from './get-source.ts'
import { ordinalAfter } from './ordinal-after.ts'
import type { DocumentRow } from './present.ts'

/** The stored texts of a source in order, with the pages that could not be read. */
export const listDocuments = async (ctx: Ctx, sourceId: string, page: PageInput): Promise<Page<DocumentRow>> => {
  requireScope(ctx, 'knowledge:read')
  await getSource(ctx, sourceId)
  const rows = await ctx.db
    .selectFrom('knowledge_documents')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('source_id', '=', sourceId)
    .where('ordinal', '>', await ordinalAfter(ctx, 'knowledge_documents', sourceId, page.after))
    .orderBy('ordinal')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
