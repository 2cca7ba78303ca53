import { sql } from 'kysely'
import type { z } from 'zod'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { signLegacy, signStandard } from '../../base/signature.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { WebhookCheckpoint } from './contract.ts'
import { getWebhook } from './get-webhook.ts'
import { deliveryKind, laneOf } from './lane.ts'
import { readSecrets } from './read-secrets.ts'
import { deliveryKeys, openWebhookKeys } from './webhook-keys.ts'

const maxMissing = 1_000
const maxExpired = 1_000

type Missing = { number: string | number; event_id: string; status: 'pending' | 'failed' | 'skipped' }

// A delivery that failed and was replayed with success is not missing; the replay has its number.
const readMissing = async (ctx: Ctx, webhookId: string, after: number, limit: number): Promise<Missing[]> => {
  const { workspaceId, key } = laneOf(ctx.workspaceId, webhookId)
  const { rows } = await sql<Missing>`
    select * from (
      (select number, payload::json ->> 'event_id' as event_id, 'pending' as status from work_items
        where workspace_id = ${workspaceId} and kind = ${deliveryKind} and key = ${key} and number > ${after}
        order by number limit ${limit})
      union all
      (select distinct on (d.number) d.number, d.event_id::text, d.status from deliveries d
        where d.workspace_id = ${workspaceId} and d.webhook_id = ${key} and d.status <> 'delivered' and d.number > ${after}
          and not exists (
            select from deliveries s where s.workspace_id = d.workspace_id and s.event_at = d.event_at
              and s.webhook_id = d.webhook_id and s.event_id = d.event_id and s.status = 'delivered')
        order by d.number limit ${limit})
    ) missing order by number limit ${limit}`.execute(ctx.db)
  return rows
}

const readExpired = async (ctx: Ctx, webhookId: string, after: number): Promise<{ from: number; to: number }[]> => {
  const { rows } = await sql<{ from: number | string; to: number | string }>`
    select greatest(lower(r), ${after}::bigint + 1) as "from", upper(r) - 1 as "to"
    from expired_numbers e cross join lateral unnest(e.numbers) r
    where e.workspace_id = ${ctx.workspaceId} and e.webhook_id = ${webhookId} and upper(r) - 1 > ${after}
    order by lower(r) limit ${maxExpired + 1}`.execute(ctx.db)
  return rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }))
}

type Signed = { body: z.infer<typeof WebhookCheckpoint>; headers: Record<string, string> }

/**
 * Says how many deliveries a webhook was given numbers for and which of them, after a number, have not arrived or never will,
 * signed like a delivery: the headers verify over the exact text of the body.
 */
export const readCheckpoint = async (
  ctx: Ctx,
  id: string,
  { after }: { after: number },
  { secretBox, settings }: { secretBox: SecretBox; settings: { webhookHeaderBrand: string } },
): Promise<Signed> => {
  requireScope(ctx, 'webhooks:read')
  const row = await getWebhook(ctx, id)
  const now = ctx.clock.now()
  const { key } = laneOf(ctx.workspaceId, id)
  // The last number before what is missing: numbers given in between are then beyond the checkpoint, never unaccounted for.
  const lane = await ctx.db
    .selectFrom('lanes')
    .select('numbered')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', deliveryKind)
    .where('key', '=', key)
    .executeTakeFirst()
  const sequence = Number(lane?.numbered ?? 0)
  const missing = (await readMissing(ctx, id, after, maxMissing + 1)).filter(({ number }) => Number(number) <= sequence)
  const [lowest] = after === 0 ? missing : await readMissing(ctx, id, 0, 1)
  // Last, for what was missing may have been given up meanwhile; the other way round it would be in neither.
  const expired = await readExpired(ctx, id, after)
  const moreMissing = missing.length > maxMissing
  const body: z.infer<typeof WebhookCheckpoint> = {
    webhook_id: toWireId('webhook', id),
    sequence,
    delivered_through: lowest ? Math.min(Number(lowest.number) - 1, sequence) : sequence,
    after,
    through: Math.min(
      moreMissing ? Number(missing[maxMissing - 1]!.number) : sequence,
      expired.length > maxExpired ? expired[maxExpired - 1]!.to : sequence,
    ),
    missing: missing.slice(0, maxMissing).map(({ number, event_id, status }) => ({
      sequence: Number(number),
      event_id: toWireId('event', event_id),
      status,
    })),
    more_missing: moreMissing,
    expired: expired.slice(0, maxExpired),
    issued_at: now.toISOString(),
  }
  const secrets = await readSecrets(ctx.db, ctx.workspaceId, id, now)
  // Deleted while this was read.
  if (secrets.length === 0) throw notFound('webhook', toWireId('webhook', id))
  const keys = deliveryKeys(secrets, row.legacy_version, (secret) => openWebhookKeys(secretBox, id, secret.sealed))
  const text = JSON.stringify(body)
  const timestamp = Math.floor(now.getTime() / 1_000)
  const name = `checkpoint_${toWireId('webhook', id)}`
  return {
    body,
    headers: {
      [`x-${settings.webhookHeaderBrand.toLowerCase()}-signature`]: signLegacy(keys.legacy, text),
      'webhook-id': name,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': keys.standard.map((secret) => signStandard(secret, name, timestamp, text)).join(' '),
    },
  }
}
