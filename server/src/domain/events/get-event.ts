import { notFound } from '../../base/errors.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { EventRow } from './present.ts'

/** Reads an event. One that was recorded this very moment is found once it has its sequence number. */
export const getEvent = async (ctx: Ctx, id: string): Promise<EventRow & { type: string; names: string[] }> => {
  requireScope(ctx, 'events:read')
  const row = await ctx.db
    .selectFrom('events')
    .select(['id', 'sequence', 'type', 'names', 'payload'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('created_at', '=', timeOfId(id))
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw notFound('event', toWireId('event', id))
  return row
}
