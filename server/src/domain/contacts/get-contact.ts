import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { ContactRow } from './present.ts'

/** `param` names the field the id came in, when it was not the path. */
export const getContact = async (ctx: Ctx, id: string, param?: string): Promise<ContactRow> => {
  requireScope(ctx, 'contacts:read')
  const row = await ctx.db
    .selectFrom('contacts')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('contact', toWireId('contact', id), param)
  return row
}
