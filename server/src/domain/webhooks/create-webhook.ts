import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { createWebhookSecret } from '../../base/signature.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { tuneLane } from '../../work/lanes.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { outgoingPolicy, readOutgoingUrl } from '../outgoing-url.ts'
import { checkEvents } from './check-events.ts'
import type { CreateWebhook } from './contract.ts'
import { checkHeaders, sealHeaders } from './custom-headers.ts'
import { webhookCreated } from './events.ts'
import { deliveryWindow, laneOf, paceOf } from './lane.ts'
import { presentWebhook, type WebhookRow } from './present.ts'
import { secretOwner } from './webhook-keys.ts'

type Outside = {
  eventTypes: readonly EventType[]
  secretBox: SecretBox
  settings: { sandboxLoopback: boolean; webhookHeaderBrand: string }
}

// The workspace's row stays locked to the end, so that two callers cannot both take the last place.
const refuseBeyondPlan = async (ctx: Ctx, tx: Db): Promise<void> => {
  const plan = await tx
    .selectFrom('workspaces as w')
    .innerJoin('plans as p', 'p.id', 'w.plan_id')
    .select(['p.id', 'p.label', 'p.webhooks_max'])
    .where('w.id', '=', ctx.workspaceId)
    .forNoKeyUpdate('w')
    .executeTakeFirstOrThrow()
  const { id, label, webhooks_max: limit } = plan
  if (limit === null) return
  const { count } = await tx
    .selectFrom('webhooks')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  if (count < limit) return
  throw new AppError(
    'FORBIDDEN',
    `The plan ${label} allows ${limit} ${limit === 1 ? 'webhook' : 'webhooks'}. Delete one, or change the plan.`,
    { details: { plan: id, plan_limit: 'webhooks_max', limit, used: Number(count) } },
  )
}

/** Registers a webhook. The answer is the only place where its secret can ever be read. */
export const createWebhook = async (
  ctx: Ctx,
  input: z.output<typeof CreateWebhook>,
  { eventTypes, secretBox, settings }: Outside,
): Promise<{ row: WebhookRow; secret: string }> => {
  requireScope(ctx, 'webhooks:write')
  const url = readOutgoingUrl(input.url, outgoingPolicy(ctx.mode, settings))
  const events = checkEvents(input.events, eventTypes)
  const headers = input.headers ?? {}
  checkHeaders(headers, settings.webhookHeaderBrand)
  const now = ctx.clock.now()
  const secret = createWebhookSecret()
  const id = newId()
  const row: WebhookRow = {
    workspace_id: ctx.workspaceId,
    id,
    url,
    events,
    description: input.description ?? null,
    status: 'active',
    disabled_reason: null,
    filter: input.filter ? JSON.stringify(input.filter) : null,
    sealed_headers: sealHeaders(secretBox, id, headers),
    header_names: Object.keys(headers),
    max_in_flight: input.max_in_flight ?? deliveryWindow,
    max_per_second: input.max_per_second ?? null,
    fifo: input.fifo ?? false,
    retry_policy: input.retry_policy ?? 'standard',
    legacy_version: null,
    endpoint_version: 0,
    previous_secrets_until: null,
    created_at: now,
    updated_at: now,
  }
  return transaction(ctx.db, async (tx) => {
    await refuseBeyondPlan(ctx, tx)
    await tx
      .insertInto('webhooks')
      .values({ ...row, test_minute: null })
      .execute()
    await tx
      .insertInto('webhook_secrets')
      .values({
        workspace_id: ctx.workspaceId,
        webhook_id: row.id,
        version: 1,
        sealed: secretBox.seal(secret, secretOwner(row.id)),
        state: 'current',
        created_at: now,
        expires_at: null,
      })
      .execute()
    await tuneLane(tx, laneOf(ctx.workspaceId, row.id), paceOf(row))
    await recordEvent(ctx, tx, webhookCreated, { subject: { type: 'webhook', id: row.id }, data: presentWebhook(row) })
    await recordAudit(ctx, tx, {
      action: 'webhook.created',
      target: { type: 'webhook', id: toWireId('webhook', row.id) },
      detail: { host: new URL(row.url).host, events: row.events, secret_shown: true },
    })
    return { row, secret }
  })
}
