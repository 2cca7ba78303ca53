import { sql } from 'kysely'
import { AppError, notFound } from '../../base/errors.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import { deliveryId } from './delivery-id.ts'
import { type DeliveryTrigger, newDeliveryWork, readDeliveryWork } from './delivery-work.ts'
import { deliveryKind, laneOf } from './lane.ts'
import { ofEvent } from './of-event.ts'

type Again = {
  workspaceId: string
  event: { id: string; type: string }
  webhookId: string
  trigger: DeliveryTrigger
  now: Date
}

/** An event of the log. Throws NOT_FOUND when it is not, or no longer, kept. */
export const findSentEvent = async (tx: Db, workspaceId: string, id: string) => {
  const event = await tx
    .selectFrom('events')
    .select(['id', 'type', 'names'])
    .where('workspace_id', '=', workspaceId)
    .where('created_at', '=', timeOfId(id))
    .where('id', '=', id)
    .executeTakeFirst()
  if (!event) throw notFound('event', toWireId('event', id))
  return event
}

/** Throws CONFLICT for a disabled webhook: what is sent there would only be skipped. */
export const refuseDisabled = (webhook: { status: string }): void => {
  if (webhook.status === 'disabled')
    throw new AppError('CONFLICT', 'The webhook is disabled. Set its status to active first.')
}

const findWaiting = (tx: Db, { workspaceId, event, webhookId }: Again) =>
  tx
    .selectFrom('work_items')
    .select(['id', 'payload'])
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', deliveryKind)
    .where('key', '=', webhookId)
    .where(ofEvent('work_items', event.id))
    .executeTakeFirst()

const lastDelivery = async (tx: Db, { workspaceId, event, webhookId }: Again) => {
  const last = await tx
    .selectFrom('deliveries')
    .select(({ fn }) => [fn.max('generation').as('generation'), fn.max('number').as('number')])
    .where('workspace_id', '=', workspaceId)
    .where('event_at', '=', timeOfId(event.id))
    .where('webhook_id', '=', webhookId)
    .where(ofEvent('deliveries', event.id))
    .executeTakeFirst()
  return { generation: last?.generation ?? -1, number: last?.number == null ? null : Number(last.number) }
}

/**
 * Makes an event due at a webhook now: the delivery that waits is moved forward; without one, another begins. Returns its
 * id. The lane is locked first, so that an outcome cannot be written in between and two callers make one delivery.
 */
export const sendAgain = async (tx: Db, again: Again): Promise<string> => {
  const { workspaceId, event, webhookId, trigger, now } = again
  const lane = laneOf(workspaceId, webhookId)
  await sql`insert into lanes (workspace_id, kind, key, next_due_at) values (${workspaceId}, ${lane.kind}, ${webhookId}, ${now})
    on conflict (workspace_id, kind, key) do update set next_due_at = least(lanes.next_due_at, excluded.next_due_at)`.execute(
    tx,
  )
  const waiting = await findWaiting(tx, again)
  if (!waiting) {
    const last = await lastDelivery(tx, again)
    const generation = last.generation + 1
    const id = deliveryId(event.id, webhookId, generation)
    await enqueue(tx, [
      { ...lane, id, dueAt: now, payload: JSON.stringify(newDeliveryWork(event, trigger, generation, last.number)) },
    ])
    return id
  }
  // Changed in place: a worker that is sending it right now still finds and removes it by its id.
  await tx
    .updateTable('work_items')
    .set({ band: 0, due_at: now, payload: JSON.stringify({ ...readDeliveryWork(waiting.payload), trigger }) })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', waiting.id)
    .where('due_at', '>', now)
    .execute()
  return waiting.id
}
