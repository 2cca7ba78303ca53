import { z } from 'zod'
import type { Ctx } from '../../domain/context.ts'
import {
  CreateWebhook,
  checkpointQuery,
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  NewWebhook,
  presentWebhook,
  promoteSecret,
  RotatedSecret,
  RotateSecret,
  readCheckpoint,
  readMissed,
  rotateSecret,
  testWebhook,
  UpdateWebhook,
  updateWebhook,
  Webhook,
  WebhookCheckpoint,
  type WebhookRow,
  WebhookTest,
  WebhookWithMissed,
} from '../../domain/webhooks/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('webhook') })
const tag = 'Webhooks'

const withMissed = async (ctx: Ctx, row: WebhookRow) => ({
  ...presentWebhook(row),
  missed: await readMissed(ctx, row.id),
})

export const webhookEndpoints = [
  defineEndpoint({
    id: 'webhooks_list',
    method: 'GET',
    path: '/v1/webhooks',
    access: 'webhooks:read',
    tag,
    summary: 'List webhooks, newest first',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Webhook) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('webhook', await listWebhooks(ctx, pageOf('webhook', query)), presentWebhook)),
  }),
  defineEndpoint({
    id: 'webhooks_create',
    method: 'POST',
    path: '/v1/webhooks',
    access: 'webhooks:write',
    tag,
    summary: 'Register a webhook',
    description:
      'Every event it subscribes to is posted to its URL, signed. The answer is the only place where `secret` is ever shown. 403 when the plan allows no more webhooks.',
    body: CreateWebhook,
    responses: { 201: NewWebhook },
    answersSecret: true,
    handler: async ({ ctx, body, deps }) => {
      const { row, secret } = await createWebhook(ctx, body, deps)
      return created({ ...presentWebhook(row), secret })
    },
  }),
  defineEndpoint({
    id: 'webhooks_get',
    method: 'GET',
    path: '/v1/webhooks/{id}',
    access: 'webhooks:read',
    tag,
    summary: 'Read a webhook',
    params,
    responses: { 200: WebhookWithMissed },
    handler: async ({ ctx, params: { id } }) => ok(await withMissed(ctx, await getWebhook(ctx, id))),
  }),
  defineEndpoint({
    id: 'webhooks_update',
    method: 'PATCH',
    path: '/v1/webhooks/{id}',
    access: 'webhooks:write',
    tag,
    summary: 'Change, pause or resume a webhook',
    description:
      'Fields that are absent stay as they are. A paused webhook goes on collecting; `active` delivers what it collected, in order. What waits goes to the URL of the moment it is sent.',
    params,
    body: UpdateWebhook,
    responses: { 200: WebhookWithMissed },
    handler: async ({ ctx, params: { id }, body, deps }) =>
      ok(await withMissed(ctx, await updateWebhook(ctx, id, body, deps))),
  }),
  defineEndpoint({
    id: 'webhooks_pause',
    method: 'POST',
    path: '/v1/webhooks/{id}/pause',
    access: 'webhooks:write',
    tag,
    summary: 'Pause a webhook',
    description: 'It goes on collecting. What is under way may still arrive.',
    params,
    responses: { 200: WebhookWithMissed },
    handler: async ({ ctx, params: { id }, deps }) =>
      ok(await withMissed(ctx, await updateWebhook(ctx, id, { status: 'paused' }, deps))),
  }),
  defineEndpoint({
    id: 'webhooks_resume',
    method: 'POST',
    path: '/v1/webhooks/{id}/resume',
    access: 'webhooks:write',
    tag,
    summary: 'Resume a paused webhook, or revive a disabled one',
    description:
      'What it collected is delivered, oldest first, slowly at the beginning and faster with every success. Retries keep their time. What failed for good before comes with a backfill of the window that `missed` names.',
    params,
    responses: { 200: WebhookWithMissed },
    handler: async ({ ctx, params: { id }, deps }) =>
      ok(await withMissed(ctx, await updateWebhook(ctx, id, { status: 'active' }, deps))),
  }),
  defineEndpoint({
    id: 'webhooks_rotate_secret',
    method: 'POST',
    path: '/v1/webhooks/{id}/rotate-secret',
    access: 'webhooks:rotate',
    tag,
    summary: 'Give a webhook a new secret',
    description:
      'The new secret signs at once. Until the overlap ends the old one signs too: `webhook-signature` lists both, and `X-Parley-Signature`, which holds one, is made with the old one until you promote the new, or until the endpoint refuses it with 400, 401 or 403 and accepts the new one. No delivery is dropped on the way. 409 while two older secrets still sign.',
    params,
    body: RotateSecret,
    responses: { 200: RotatedSecret },
    errors: [409],
    answersSecret: true,
    handler: async ({ ctx, params: { id }, body, deps }) => {
      const rotated = await rotateSecret(ctx, id, { overlapSeconds: body.overlap_seconds }, deps)
      return ok({ secret: rotated.secret, previous_expires_at: rotated.previousExpiresAt?.toISOString() ?? null })
    },
  }),
  defineEndpoint({
    id: 'webhooks_promote_secret',
    method: 'POST',
    path: '/v1/webhooks/{id}/promote-secret',
    access: 'webhooks:rotate',
    tag,
    summary: 'End a rotation: the newest secret alone signs',
    params,
    responses: { 200: Webhook },
    handler: async ({ ctx, params: { id } }) => ok(presentWebhook(await promoteSecret(ctx, id))),
  }),
  defineEndpoint({
    id: 'webhooks_checkpoint',
    method: 'GET',
    path: '/v1/webhooks/{id}/checkpoint',
    access: 'webhooks:read',
    tag,
    summary: 'Prove that nothing is missing',
    description:
      'Every delivery of a webhook carries the next number in `X-Parley-Delivery-Sequence`. The checkpoint says how far the numbers go and which of them have not arrived, and is signed like a delivery: its headers verify over the exact bytes of the answer. A receiver that has seen 1 to `sequence`, or finds the rest under `missing` and `expired`, has lost nothing that was not given up. Long accounts come in pages: while `through` is below `sequence`, ask again with `after` set to it.',
    params,
    query: z.strictObject(checkpointQuery),
    responses: { 200: WebhookCheckpoint },
    handler: async ({ ctx, params: { id }, query, deps }) => {
      const { body, headers } = await readCheckpoint(ctx, id, { after: query.after ?? 0 }, deps)
      return { status: 200, body, headers }
    },
  }),
  defineEndpoint({
    id: 'webhooks_delete',
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    access: 'webhooks:write',
    tag,
    summary: 'Delete a webhook',
    description: 'What still waits for it is dropped. Finished deliveries stay listed, as evidence.',
    params,
    responses: { 204: null },
    handler: async ({ ctx, params: { id } }) => {
      await deleteWebhook(ctx, id)
      return noContent()
    },
  }),
  defineEndpoint({
    id: 'webhooks_test',
    method: 'POST',
    path: '/v1/webhooks/{id}/test',
    access: 'webhooks:write',
    tag,
    summary: 'Send a test delivery',
    description:
      'Posts a signed `test.ping` at once and answers with what was sent and what came back, within 15 seconds. It is not an event of the log. At most 10 a minute for each webhook.',
    params,
    responses: { 200: WebhookTest },
    idempotency: 'none',
    handler: async ({ ctx, params: { id }, deps, signal }) => ok(await testWebhook(ctx, id, { ...deps, signal })),
  }),
]
