import { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import {
  Backfill,
  BackfillEstimate,
  CreateBackfill,
  cancelBackfill,
  createBackfill,
  getBackfill,
  listBackfills,
  presentBackfill,
} from '../../domain/webhooks/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { accepted, defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('backfill') })
const tag = 'Backfills'

export const backfillEndpoints = [
  defineEndpoint({
    id: 'backfills_create',
    method: 'POST',
    path: '/v1/events/backfill',
    access: 'events:replay',
    tag,
    summary: 'Bring a webhook what it missed',
    description:
      'Sends the events of a window again, in the background, oldest first, beside what is fresh and slower than it. With `dry_run` it only says how many there are. Receivers see the `webhook-id` of the first time and a replay header, so that they can tell what they have already. 409 when the webhook is disabled, or 100 backfills run.',
    body: CreateBackfill,
    responses: { 200: BackfillEstimate, 202: Backfill },
    errors: [409],
    handler: async ({ ctx, body, deps }) => {
      const { row, estimated } = await createBackfill(ctx, body, deps)
      if (row) return accepted(presentBackfill(row))
      const webhookId = toWireId('webhook', body.webhook_id)
      return ok({ id: null, webhook_id: webhookId, status: 'estimated', estimated, enqueued: 0 })
    },
  }),
  defineEndpoint({
    id: 'backfills_list',
    method: 'GET',
    path: '/v1/backfills',
    access: 'events:read',
    tag,
    summary: 'List backfills, newest first',
    query: z.strictObject({ ...pageQuery, webhook_id: idInput('webhook').optional() }),
    responses: { 200: listOf(Backfill) },
    handler: async ({ ctx, query }) =>
      ok(
        presentPage(
          'backfill',
          await listBackfills(ctx, { webhookId: query.webhook_id }, pageOf('backfill', query)),
          presentBackfill,
        ),
      ),
  }),
  defineEndpoint({
    id: 'backfills_get',
    method: 'GET',
    path: '/v1/backfills/{id}',
    access: 'events:read',
    tag,
    summary: 'Follow a backfill',
    params,
    responses: { 200: Backfill },
    handler: async ({ ctx, params: { id } }) => ok(presentBackfill(await getBackfill(ctx, id))),
  }),
  defineEndpoint({
    id: 'backfills_cancel',
    method: 'POST',
    path: '/v1/backfills/{id}/cancel',
    access: 'events:replay',
    tag,
    summary: 'Stop a backfill',
    description:
      'Deliveries that still wait are taken back, those of a completed one too, and `canceled` says how many; what is under way may arrive. 409 when it is completed and nothing of it waits any more.',
    params,
    responses: { 200: Backfill },
    errors: [409],
    handler: async ({ ctx, params: { id } }) => ok(presentBackfill(await cancelBackfill(ctx, id))),
  }),
]
