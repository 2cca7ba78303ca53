import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { createWebhookSecret } from '../../base/signature.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { type EventType, recordEvent } from '../events/index.ts'
import { outgoingPolicy, readOutgoingUrl } from '../outgoing-url.ts'
import { checkEvents } from './check-events.ts'
import type { CreateWebhook } from './contract.ts'
import { webhookCreated } from './events.ts'
import { presentWebhook, type WebhookRow } from './present.ts'
import { secretOwner } from './webhook-keys.ts'

type Outside = {
  eventTypes: readonly EventType[]
  secretBox: SecretBox
  settings: { sandboxLoopback: boolean }
}

// The workspace's row stays locked to the end, so that two callers cannot both take the last place.
const refuseBeyondPlan = async (ctx: Ctx, tx: Db): Promise<void> => {
  const plan = await tx
    .selectFrom('workspaces as w')
    .innerJoin('plans as p', 'p.id', 'w.plan_id')
    .select(['p.label', 'p.webhooks_max'])
    .where('w.id', '=', ctx.workspaceId)
    .forNoKeyUpdate('w')
    .executeTakeFirstOrThrow()
  if (plan.webhooks_max === null) return
  const { count } = await tx
    .selectFrom('webhooks')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  if (count < plan.webhooks_max) return
  throw new AppError(
    'FORBIDDEN',
    `The plan ${plan.label} allows ${plan.webhooks_max} webhooks. Delete one, or change the plan.`,
    {
      details: { plan_limit: 'webhooks_max', limit: plan.webhooks_max },
    },
  )
}

/** Registers a webhook. The answer is the only place where its secret can ever be read. */
export const createWebhook = async (
  ctx: Ctx,
  input: z.output<typeof CreateWebhook>,
  { eventTypes, secretBox, settings }: Outside,
): Promise<{ row: WebhookRow; secret: string }> => {
  requireScope(ctx, 'webhooks:write')
  readOutgoingUrl(input.url, outgoingPolicy(ctx.mode, settings))
  const events = checkEvents(input.events, eventTypes)
  const now = ctx.clock.now()
  const secret = createWebhookSecret()
  const row: WebhookRow = {
    workspace_id: ctx.workspaceId,
    id: newId(),
    url: input.url,
    events,
    description: input.description ?? null,
    status: 'active',
    disabled_reason: null,
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
    await recordEvent(ctx, tx, webhookCreated, { subject: { type: 'webhook', id: row.id }, data: presentWebhook(row) })
    await recordAudit(ctx, tx, {
      action: 'webhook.created',
      target: { type: 'webhook', id: toWireId('webhook', row.id) },
      detail: { host: new URL(row.url).host, events: row.events, secret_shown: true },
    })
    return { row, secret }
  })
}
