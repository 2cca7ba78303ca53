import type { z } from 'zod'
import { AppError, notFound } from '../../../base/errors.ts'
import { newId, toWireId } from '../../../base/ids.ts'
import type { Db } from '../../../database/open.ts'
import { transaction } from '../../../database/transaction.ts'
import { enqueue } from '../../../work/enqueue.ts'
import { tuneCatchUp } from '../../../work/lanes.ts'
import { recordAudit } from '../../audit-logs/index.ts'
import { actorName, type Ctx, requireScope } from '../../context.ts'
import type { EventType } from '../../events/index.ts'
import { checkEvents } from '../check-events.ts'
import { laneOf, lockLane } from '../lane.ts'
import { refuseDisabled } from '../send-again.ts'
import type { Span } from './candidates.ts'
import type { CreateBackfill } from './contract.ts'
import { estimateBackfill } from './estimate.ts'
import type { BackfillRow } from './present.ts'
import { backfillLane } from './work.ts'

type Input = z.output<typeof CreateBackfill>

const maxRunning = 100

const findTarget = async (ctx: Ctx, webhookId: string) => {
  const webhook = await ctx.db
    .selectFrom('webhooks')
    .select(['status', 'events', 'filter'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', webhookId)
    .executeTakeFirst()
  if (!webhook) throw notFound('webhook', toWireId('webhook', webhookId), 'webhook_id')
  refuseDisabled(webhook)
  return webhook
}

const refuseMore = async (ctx: Ctx, tx: Db): Promise<void> => {
  const running = await tx
    .selectFrom('backfills')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('status', '=', 'running')
    .limit(maxRunning)
    .execute()
  if (running.length < maxRunning) return
  throw new AppError('CONFLICT', `${maxRunning} backfills are running. Wait for one to end, or cancel one.`)
}

const start = async (ctx: Ctx, row: BackfillRow, perSecond: number | undefined): Promise<BackfillRow> =>
  // no event: a delivery about deliveries would be delivered too, without end.
  transaction(ctx.db, async (tx) => {
    await refuseMore(ctx, tx)
    // In the order of the worker, which holds its own lane, then the webhook's; the rows come after both.
    await enqueue(tx, [
      { ...backfillLane(ctx.workspaceId, row.webhook_id), id: row.id, dueAt: row.created_at, payload: '{}' },
    ])
    const lane = laneOf(ctx.workspaceId, row.webhook_id)
    await lockLane(tx, lane)
    await findTarget({ ...ctx, db: tx }, row.webhook_id)
    if (perSecond !== undefined) await tuneCatchUp(tx, lane, perSecond)
    await tx.insertInto('backfills').values(row).execute()
    await recordAudit(ctx, tx, {
      action: 'backfill.created',
      target: { type: 'backfill', id: toWireId('backfill', row.id) },
      detail: { webhook_id: toWireId('webhook', row.webhook_id), mode: row.mode, estimated: row.estimated },
    })
    return row
  })

/**
 * Brings a webhook the events of a window that it missed, in the background. With `dry_run` it only says how many there
 * are: `row` is then null. Throws CONFLICT for a disabled webhook, or when too many backfills run.
 */
export const createBackfill = async (
  ctx: Ctx,
  input: Input,
  { eventTypes }: { eventTypes: readonly EventType[] },
): Promise<{ estimated: number; row: BackfillRow | null }> => {
  requireScope(ctx, 'events:replay')
  const types = input.types ? checkEvents(input.types, eventTypes) : null
  const webhook = await findTarget(ctx, input.webhook_id)
  const now = ctx.clock.now()
  // What is recorded from now on is delivered anyway; what was recorded in this very millisecond belongs to the past.
  const until = new Date(now.getTime() + 1)
  const to = input.to < until ? input.to : until
  const span: Span = {
    workspaceId: ctx.workspaceId,
    webhookId: input.webhook_id,
    cursor: null,
    from: input.from,
    to,
    names: types ?? webhook.events,
    filter: webhook.filter === null ? null : JSON.parse(webhook.filter),
    mode: input.mode,
  }
  const estimated = input.from < to ? await estimateBackfill(ctx.db, span) : 0
  if (input.dry_run) return { estimated, row: null }
  const row: BackfillRow = {
    workspace_id: ctx.workspaceId,
    id: newId(),
    webhook_id: input.webhook_id,
    from_time: input.from,
    to_time: to,
    cursor: null,
    types,
    mode: input.mode,
    status: 'running',
    estimated,
    enqueued: 0,
    delivered: 0,
    failed: 0,
    canceled: 0,
    created_by: actorName(ctx.actor),
    created_at: now,
    updated_at: now,
    finished_at: null,
  }
  return { estimated, row: await start(ctx, row, input.max_per_second) }
}
