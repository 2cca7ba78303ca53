import { z } from 'zod'
import { AppError } from '../../../base/errors.ts'
import { transaction } from '../../../database/transaction.ts'
import {
  type AttemptRow,
  CreateWebhook,
  createWebhook,
  type DeliveryRow,
  deliveryStatuses,
  getWebhook,
  listAttempts,
  listDeliveries,
  listWebhooks,
  NewWebhook,
  presentAttempt,
  presentDelivery,
  presentWebhook,
  testWebhook,
  Webhook,
  type WebhookRow,
  WebhookTest,
} from '../../../domain/webhooks/index.ts'
import { idInput, idOutput, timeOutput } from '../../../domain/wire.ts'
import { created, defineEndpoint, ok } from '../../endpoint.ts'
import { validate } from '../../validate.ts'

const tag = 'Klairo'
const historyLength = 50
// The page has no paging here: it promises them all.
const everyOne = { limit: 100_000, after: null }

const NewKlairoWebhook = NewWebhook.pick({
  id: true,
  url: true,
  events: true,
  secret: true,
  status: true,
  created_at: true,
}).meta({ id: 'NewKlairoWebhook' })

const KlairoWebhook = Webhook.pick({
  id: true,
  url: true,
  events: true,
  description: true,
  status: true,
  created_at: true,
}).meta({ id: 'KlairoWebhook' })

const KlairoAttempt = z.object({
  attempt: z.number().int().meta({ description: 'Counts from 1.' }),
  created_at: timeOutput,
  status_code: z.number().int().nullable(),
  response_body: z.string().nullable().meta({ description: 'The first 4 KiB, as text.' }),
  error: z.string().nullable(),
  duration_ms: z.number(),
})

const KlairoDelivery = z
  .object({
    id: z.uuid().meta({ description: 'The one in the header that ends in `-Delivery`.' }),
    webhook_id: idOutput('webhook'),
    event: z.string(),
    event_id: idOutput('event'),
    status: z.enum(deliveryStatuses),
    attempts: z.array(KlairoAttempt),
    next_attempt_at: timeOutput.nullable(),
    created_at: timeOutput,
  })
  .meta({ id: 'KlairoDelivery' })

const Registration = CreateWebhook.pick({ url: true, events: true, description: true })

const Posted = Registration.partial()
  .extend({ id: idInput('webhook').optional().meta({ description: 'Of a test: the webhook.' }) })
  .meta({ description: 'A registration needs `url` and `events`; a test needs `id`, here or in the query.' })

const asked = (action: 'test' | 'deliveries') =>
  z
    .strictObject({
      action: z.literal(action).optional(),
      id: idInput('webhook').optional().meta({ description: 'The webhook, where there is an action.' }),
    })
    .refine(({ action: given, id }) => given !== undefined || id === undefined, {
      path: ['id'],
      message: `comes with \`action=${action}\` only`,
    })

const needId = (id: string | undefined): string => {
  if (id === undefined) throw new AppError('BAD_REQUEST', "'id' is required: that of a webhook.", { param: 'id' })
  return id
}

const presentListed = (row: WebhookRow): z.infer<typeof KlairoWebhook> => KlairoWebhook.parse(presentWebhook(row))

const presentKlairoAttempt = (row: AttemptRow): z.infer<typeof KlairoAttempt> => {
  const { number, at, http_status, response, error, timings_ms } = presentAttempt(row)
  return {
    attempt: number,
    created_at: at,
    status_code: http_status,
    response_body: response?.body ?? null,
    error: error?.message ?? null,
    duration_ms: timings_ms.total,
  }
}

const presentKlairoDelivery = (row: DeliveryRow, attempts: AttemptRow[]): z.infer<typeof KlairoDelivery> => {
  const { webhook_id, event_type, event_id, status, next_attempt_at, created_at } = presentDelivery(row)
  return {
    id: row.id,
    webhook_id,
    event: event_type,
    event_id,
    status,
    attempts: attempts.map(presentKlairoAttempt),
    next_attempt_at,
    created_at,
  }
}

export const klairoWebhookEndpoints = [
  defineEndpoint({
    id: 'klairo_webhooks_get',
    method: 'GET',
    path: '/api/webhooks',
    access: 'webhooks:read',
    tag,
    summary: 'List webhooks, or the deliveries of one',
    description:
      'Every webhook, newest first. With `action=deliveries` the last 50 deliveries of one, newest event first, with every attempt; that needs the scope `events:read` too.',
    query: asked('deliveries'),
    responses: {
      200: z.union([
        z.object({ data: z.array(KlairoWebhook), total: z.number().int() }),
        z.object({ data: z.array(KlairoDelivery) }),
      ]),
    },
    handler: async ({ ctx, query: { action, id } }) => {
      if (action === undefined) {
        const { rows } = await listWebhooks(ctx, everyOne)
        return ok({ data: rows.map(presentListed), total: rows.length })
      }
      const webhookId = needId(id)
      await getWebhook(ctx, webhookId)
      const { rows } = await listDeliveries(ctx, { webhookId }, { limit: historyLength, after: null })
      const attempts = await listAttempts(
        ctx,
        rows.map((row) => row.id),
      )
      return ok({ data: rows.map((row) => presentKlairoDelivery(row, attempts.get(row.id) ?? [])) })
    },
  }),
  defineEndpoint({
    id: 'klairo_webhooks_post',
    method: 'POST',
    path: '/api/webhooks',
    access: 'webhooks:write',
    tag,
    summary: 'Register a webhook, or test one',
    description:
      'The answer to a registration is the only place where `secret` is ever shown. With `action=test` a signed `test.ping` is posted to a webhook at once. 403 when the plan allows no more webhooks.',
    query: asked('test'),
    body: Posted,
    responses: { 200: WebhookTest, 201: NewKlairoWebhook },
    // A test goes out to the network, which no transaction may wait for.
    idempotency: 'outside',
    answersSecret: true,
    handler: async ({ ctx, query, body, deps, signal, once }) => {
      if (query.action === 'test') return ok(await testWebhook(ctx, needId(query.id ?? body.id), { ...deps, signal }))
      const input = validate(Registration, body)
      return transaction(ctx.db, async (tx) => {
        const { row, secret } = await createWebhook({ ...ctx, db: tx }, input, deps)
        const reply = created(NewKlairoWebhook.parse({ ...presentWebhook(row), secret }))
        await once.remember(tx, reply)
        return reply
      })
    },
  }),
]
