import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { SourceRow } from './present.ts'
import { selectSource } from './queries.ts'

/** `param` names the field the id came in, when it was not the path. */
export const getSource = async (ctx: Ctx, id: string, param?: string): Promise<SourceRow> => {
  requireScope(ctx, 'knowledge:read')
  const row = await selectSource(ctx.db, ctx.workspaceId, id)
  if (!row) throw notFound('knowledge source', toWireId('knowledgeSource', id), param)
  return row
}
