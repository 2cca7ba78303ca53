import { z } from 'zod'
import {
  CreateWebhook,
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  NewWebhook,
  presentWebhook,
  testWebhook,
  UpdateWebhook,
  updateWebhook,
  Webhook,
  WebhookTest,
} from '../../domain/webhooks/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('webhook') })
const tag = 'Webhooks'

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
    responses: { 200: Webhook },
    handler: async ({ ctx, params: { id } }) => ok(presentWebhook(await getWebhook(ctx, id))),
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
    responses: { 200: Webhook },
    handler: async ({ ctx, params: { id }, body, deps }) =>
      ok(presentWebhook(await updateWebhook(ctx, id, body, deps))),
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
    responses: { 200: Webhook },
    handler: async ({ ctx, params: { id }, deps }) =>
      ok(presentWebhook(await updateWebhook(ctx, id, { status: 'paused' }, deps))),
  }),
  defineEndpoint({
    id: 'webhooks_resume',
    method: 'POST',
    path: '/v1/webhooks/{id}/resume',
    access: 'webhooks:write',
    tag,
    summary: 'Resume a paused webhook, or revive a disabled one',
    description:
      'What it collected is delivered, oldest first, slowly at the beginning and faster with every success. Retries keep their time.',
    params,
    responses: { 200: Webhook },
    handler: async ({ ctx, params: { id }, deps }) =>
      ok(presentWebhook(await updateWebhook(ctx, id, { status: 'active' }, deps))),
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
