import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Webhook } from './contract.ts'
import { maskHeaders } from './custom-headers.ts'

export type WebhookRow = Omit<Selectable<Tables['webhooks']>, 'test_minute' | 'tests'>

export const presentWebhook = (row: WebhookRow): z.infer<typeof Webhook> => ({
  id: toWireId('webhook', row.id),
  url: row.url,
  events: row.events,
  description: row.description,
  filter: row.filter === null ? null : JSON.parse(row.filter),
  headers: maskHeaders(row.header_names),
  max_in_flight: row.max_in_flight,
  max_per_second: row.max_per_second,
  fifo: row.fifo,
  retry_policy: row.retry_policy,
  previous_secrets_until: row.previous_secrets_until?.toISOString() ?? null,
  legacy_signature: row.legacy_version === null ? 'current' : 'previous',
  status: row.status,
  disabled_reason: row.disabled_reason,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
