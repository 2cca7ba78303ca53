import { notFound } from '../../base/errors.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { deliveryKind } from './lane.ts'
import { type DeliveryRow, ofWaitingItem } from './present-delivery.ts'

/** A delivery of the workspace, waiting or finished. Waiting ones first: one that finishes in between is found after. */
export const findDelivery = async (db: Db, workspaceId: string, id: string): Promise<DeliveryRow> => {
  const waiting = await db
    .selectFrom('work_items')
    .select(['id', 'key', 'due_at', 'payload', 'number', 'created_at'])
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('kind', '=', deliveryKind)
    .executeTakeFirst()
  if (waiting) return ofWaitingItem(waiting)
  const finished = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('event_at', '=', timeOfId(id))
    .where('id', '=', id)
    .executeTakeFirst()
  if (!finished) throw notFound('event delivery', toWireId('delivery', id))
  return { ...finished, next_attempt_at: null }
}
