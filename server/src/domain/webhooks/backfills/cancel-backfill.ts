import { sql } from 'kysely'
import { AppError, notFound } from '../../../base/errors.ts'
import { toWireId } from '../../../base/ids.ts'
import { transaction } from '../../../database/transaction.ts'
import { recordAudit } from '../../audit-logs/index.ts'
import { type Ctx, requireScope } from '../../context.ts'
import { laneOf, lockLane } from '../lane.ts'
import type { BackfillRow } from './present.ts'
import { backfillLane } from './work.ts'

/**
 * Stops a backfill, or only takes back those of its deliveries that still wait; what is under way may arrive. Canceling
 * twice is one cancellation. Throws CONFLICT for one that is completed and has nothing waiting.
 */
export const cancelBackfill = async (ctx: Ctx, id: string): Promise<BackfillRow> => {
  requireScope(ctx, 'events:replay')
  // no event: a delivery about deliveries would be delivered too, without end.
  return transaction(ctx.db, async (tx) => {
    const found = await tx
      .selectFrom('backfills')
      .select('webhook_id')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!found) throw notFound('backfill', toWireId('backfill', id))
    const lane = laneOf(ctx.workspaceId, found.webhook_id)
    // In the order of the worker, which holds its own lane, then this one.
    await lockLane(tx, backfillLane(ctx.workspaceId, found.webhook_id))
    await lockLane(tx, lane)
    const row = await tx
      .selectFrom('backfills')
      .selectAll()
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirstOrThrow()
    if (row.status === 'canceled') return row
    const { numAffectedRows } = await sql`
      delete from work_items where workspace_id = ${ctx.workspaceId} and kind = ${lane.kind} and key = ${lane.key}
        and band > 0 and payload::json ->> 'backfill_id' = ${id} and payload::json ->> 'trigger' = 'backfill'`.execute(
      tx,
    )
    const canceled = Number(numAffectedRows ?? 0n)
    if (row.status === 'completed' && canceled === 0)
      throw new AppError('CONFLICT', 'The backfill is completed, and none of its deliveries waits any more.')
    const now = ctx.clock.now()
    const changes = { status: 'canceled', canceled, updated_at: now, finished_at: now } as const
    await tx
      .updateTable('backfills')
      .set(changes)
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await recordAudit(ctx, tx, {
      action: 'backfill.canceled',
      target: { type: 'backfill', id: toWireId('backfill', id) },
      detail: { taken_back: canceled, enqueued: Number(row.enqueued) },
    })
    return { ...row, ...changes }
  })
}
