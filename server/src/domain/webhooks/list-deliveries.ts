import { sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { deliveryStatuses } from './contract.ts'
import { deliveryKind } from './lane.ts'
import { ofEvent } from './of-event.ts'
import { type DeliveryRow, ofWaitingItem } from './present-delivery.ts'

export type DeliveryFilter = {
  webhookId?: string | undefined
  eventId?: string | undefined
  status?: (typeof deliveryStatuses)[number] | undefined
}

const listWaiting = async (
  ctx: Ctx,
  { webhookId, eventId }: DeliveryFilter,
  page: PageInput,
): Promise<DeliveryRow[]> => {
  let query = ctx.db
    .selectFrom('work_items')
    .select(['id', 'key', 'due_at', 'payload', 'number', 'created_at'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', deliveryKind)
  if (webhookId !== undefined) query = query.where('key', '=', webhookId)
  if (eventId !== undefined) query = query.where(ofEvent('work_items', eventId))
  if (page.after) query = query.where('id', '<', page.after)
  const items = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return items.map(ofWaitingItem)
}

// (event_at, id) is the order of the ids, and the one in which the newest partition is read first and often alone.
const listFinished = async (
  ctx: Ctx,
  { webhookId, eventId, status }: DeliveryFilter,
  page: PageInput,
): Promise<DeliveryRow[]> => {
  let query = ctx.db.selectFrom('deliveries').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (webhookId !== undefined) query = query.where('webhook_id', '=', webhookId)
  if (eventId !== undefined)
    query = query.where('event_at', '=', timeOfId(eventId)).where(ofEvent('deliveries', eventId))
  // Written out, because only then is it seen to be what the partial index holds.
  if (status !== undefined && status !== 'pending') query = query.where('status', '=', sql.lit(status))
  if (page.after) query = query.where('event_at', '<=', timeOfId(page.after)).where('id', '<', page.after)
  const rows = await query
    .orderBy('event_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return rows.map((row) => ({ ...row, next_attempt_at: null }))
}

/** Deliveries, newest event first. Waiting ones are read first: one that finishes in between is taken as finished. */
export const listDeliveries = async (ctx: Ctx, filter: DeliveryFilter, page: PageInput): Promise<Page<DeliveryRow>> => {
  requireScope(ctx, 'events:read')
  const { status } = filter
  const waiting = status === undefined || status === 'pending' ? await listWaiting(ctx, filter, page) : []
  const finished = status === 'pending' ? [] : await listFinished(ctx, filter, page)
  const byId = new Map([...waiting, ...finished].map((row) => [row.id, row]))
  const rows = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  return toPage(rows, page.limit)
}
