import { AppError } from '../../base/errors.ts'
import type { Ctx } from '../context.ts'

/** Where a page of a source's chunks or documents goes on after the row with this id. Throws BAD_REQUEST when it is gone. */
export const ordinalAfter = async (
  ctx: Ctx,
  table: 'chunks' | 'knowledge_documents',
  sourceId: string,
  id: string | null,
): Promise<number> => {
  if (id === null) return -1
  const row = await ctx.db
    .selectFrom(table)
    .select('ordinal')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('source_id', '=', sourceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row) return row.ordinal
  throw new AppError(
    'BAD_REQUEST',
    'The source was read again since this cursor was given out. Start from the first page.',
    {
      param: 'cursor',
    },
  )
}
