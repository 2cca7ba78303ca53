import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordEvent } from '../events/index.ts'
import { webhookDeliveriesExpired } from './events.ts'
import { deliveryKind, lockLanes } from './lane.ts'
import { noteExpired } from './note-expired.ts'
import { systemContext } from './system-context.ts'

type Owner = { workspaceId: string; mode: 'live' | 'sandbox' }
type Outside = { clock: Clock; log: Log }
type Item = { id: string; key: string; number: string | number | null }

const batchSize = 10_000

/** The lowest id that anything of this moment can have. */
const lowestIdAt = (at: Date): string => {
  const hex = at.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const takeBatch = async (tx: Db, { workspaceId }: Owner, before: Date): Promise<Item[]> => {
  const waiting = await tx
    .selectFrom('work_items')
    .select(['id', 'key', 'number'])
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', deliveryKind)
    .where('id', '<', lowestIdAt(before))
    .orderBy('id')
    .limit(batchSize)
    .execute()
  if (waiting.length === 0) return []
  // The worker's order: lanes first. An outcome that is being written is written before or not at all.
  await lockLanes(tx, workspaceId, [...new Set(waiting.map(({ key }) => key))])
  const { rows } = await sql<Item>`
    delete from work_items where workspace_id = ${workspaceId} and id = any(${waiting.map(({ id }) => id)}::uuid[])
    returning id, key, number`.execute(tx)
  return rows
}

/**
 * Gives up what still waits to be delivered of events before a moment, because the events end with it: webhooks that were
 * paused or disabled for that long. Tells each of them once what was given up, and their checkpoints go on naming it. Done in
 * batches of 10,000; returns how many.
 */
export const expireDeliveries = async (system: Db, owner: Owner, before: Date, outside: Outside): Promise<number> => {
  // scope: housekeeping, in the name of the system.
  const given = await transaction(system, async (tx) => {
    const items = await takeBatch(tx, owner, before)
    // A replay has no number of its own: whether the one it goes by arrived, its deliveries say when their day ends.
    await noteExpired(
      tx,
      items.flatMap(({ key, number }) =>
        number === null ? [] : [{ workspaceId: owner.workspaceId, webhookId: key, number: Number(number) }],
      ),
    )
    for (const [webhookId, group] of Map.groupBy(items, ({ key }) => key)) {
      const times = group.map(({ id }) => timeOfId(id).getTime())
      await recordEvent(systemContext(tx, owner, outside), tx, webhookDeliveriesExpired, {
        subject: { type: 'webhook', id: webhookId },
        data: {
          webhook_id: toWireId('webhook', webhookId),
          count: group.length,
          from: new Date(Math.min(...times)).toISOString(),
          to: new Date(Math.max(...times)).toISOString(),
        },
      })
    }
    return items.length
  })
  return given < batchSize ? given : given + (await expireDeliveries(system, owner, before, outside))
}
