import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { type Ctx, requireScope } from '../context.ts'
import { envelopeText } from '../events/index.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import type { PingData, WebhookTest } from './contract.ts'
import { openHeaders } from './custom-headers.ts'
import { presentDeliveryError } from './delivery-error.ts'
import { testPing } from './events.ts'
import { getWebhook } from './get-webhook.ts'
import type { WebhookRow } from './present.ts'
import { readSecrets } from './read-secrets.ts'
import { type Outgoing, sendDelivery } from './send-delivery.ts'
import { deliveryKeys, openWebhookKeys } from './webhook-keys.ts'

type Outside = {
  safeHttp: SafeHttp
  secretBox: SecretBox
  settings: { sandboxLoopback: boolean; webhookHeaderBrand: string }
  signal: AbortSignal
}

const perMinute = 10
const deadlineMs = 15_000
// Sequence numbers begin at 1: this one says that the event is not in the log.
const outsideTheLog = 0

// Counted in the webhook's row, so that the limit holds however many processes answer.
const countTest = async (ctx: Ctx, id: string): Promise<void> => {
  const now = ctx.clock.now().getTime()
  const minute = new Date(now - (now % 60_000))
  const { numUpdatedRows } = await ctx.db
    .updateTable('webhooks')
    .set(({ eb }) => ({
      tests: eb
        .case()
        .when('test_minute', '=', minute)
        .then(eb('tests', '+', 1))
        .else(1)
        .end(),
      test_minute: minute,
    }))
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .where(({ eb, or }) => or([eb('test_minute', 'is distinct from', minute), eb('tests', '<', perMinute)]))
    .executeTakeFirst()
  if (numUpdatedRows > 0n) return
  const retryAfter = Math.ceil((minute.getTime() + 60_000 - now) / 1_000)
  throw new AppError('RATE_LIMIT_EXCEEDED', `A webhook can be tested ${perMinute} times a minute.`, { retryAfter })
}

const pingOf = async (ctx: Ctx, row: WebhookRow, { secretBox, settings }: Outside): Promise<Outgoing> => {
  const secrets = await readSecrets(ctx.db, ctx.workspaceId, row.id, ctx.clock.now())
  const id = newId()
  const data: z.infer<typeof PingData> = {
    webhook_id: toWireId('webhook', row.id),
    message: 'This is a test delivery.',
  }
  const { head, tail } = envelopeText({ id, workspaceId: ctx.workspaceId, type: testPing.type, data })
  return {
    url: row.url,
    policy: outgoingPolicy(ctx.mode, settings),
    keys: deliveryKeys(secrets, row.legacy_version, (secret) => openWebhookKeys(secretBox, row.id, secret.sealed)),
    eventId: toWireId('event', id),
    eventType: testPing.type,
    number: null,
    customHeaders: openHeaders(secretBox, row.id, row.sealed_headers),
    body: Buffer.from(`${head}${outsideTheLog}${tail}`),
    deliveryId: newId(),
    attempt: 1,
    replay: false,
  }
}

const signedText = (headers: Record<string, string>, body: Buffer): string =>
  `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body.toString()}`

/**
 * Sends a `test.ping` at once, to a webhook of any status, and says what was sent and what came back. It is signed like
 * every delivery and goes where deliveries may go; nothing of it is stored.
 */
export const testWebhook = async (ctx: Ctx, id: string, outside: Outside): Promise<z.infer<typeof WebhookTest>> => {
  requireScope(ctx, 'webhooks:write')
  const row = await getWebhook(ctx, id)
  await countTest(ctx, id)
  const outgoing = await pingOf(ctx, row, outside)
  const attempt = await sendDelivery(outgoing, ctx.clock.now(), {
    http: outside.safeHttp,
    brand: outside.settings.webhookHeaderBrand,
    deadlineMs,
    signal: outside.signal,
  })
  const { response, httpStatus } = attempt
  return {
    delivered: attempt.errorCode === null,
    request: { url: row.url, headers: attempt.requestHeaders, body: outgoing.body.toString() },
    signed: ctx.mode === 'sandbox' ? signedText(attempt.requestHeaders, outgoing.body) : null,
    response: response && httpStatus !== null ? { status: httpStatus, ...response } : null,
    error: presentDeliveryError(attempt.errorCode),
    duration_ms: attempt.timings.total,
  }
}
