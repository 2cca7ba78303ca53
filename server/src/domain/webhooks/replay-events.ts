import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type EventType, findEvents } from '../events/index.ts'
import type { ReplayEvents } from './contract.ts'
import { replayTo, targetsOf } from './replay-event.ts'
import { findSentEvents } from './send-again.ts'

type Input = z.output<typeof ReplayEvents>

const most = 250

const idsOf = async (
  ctx: Ctx,
  tx: Db,
  input: Input,
  outside: { eventTypes: readonly EventType[] },
): Promise<string[]> => {
  if (input.event_ids) return [...new Set(input.event_ids)]
  const page = { limit: most, order: 'oldest', beyond: 0 } as const
  const { rows, hasMore } = await findEvents(tx, ctx.workspaceId, input.filter ?? {}, page, outside)
  if (hasMore)
    throw new AppError(
      'UNPROCESSABLE',
      `The filter finds more than ${most} events. Narrow it, or start a backfill: POST /v1/events/backfill.`,
      { param: 'filter' },
    )
  return rows.map(({ id }) => id)
}

/** Sends many events again, named by their ids or by a filter, all of them or, where one cannot be, none. */
export const replayEvents = async (
  ctx: Ctx,
  input: Input,
  outside: { eventTypes: readonly EventType[] },
): Promise<string[]> => {
  requireScope(ctx, 'events:replay')
  // no event: a delivery about deliveries would be delivered too, without end.
  return transaction(ctx.db, async (tx) => {
    const ids = await idsOf(ctx, tx, input, outside)
    const events = await findSentEvents(tx, ctx.workspaceId, ids)
    const names = [...new Set(events.flatMap((event) => event.names))]
    const targets = await targetsOf(ctx, tx, names, input.webhook_id)
    const due = await replayTo(
      ctx,
      tx,
      events.map((event) => ({
        event,
        targets: input.webhook_id
          ? targets
          : targets.filter((target) => target.events.some((name) => event.names.includes(name))),
      })),
    )
    await recordAudit(ctx, tx, {
      action: 'event.replayed',
      target: { type: 'workspace', id: toWireId('workspace', ctx.workspaceId) },
      detail: { events: ids.length, deliveries: due.length },
    })
    return due
  })
}
