import type { ColumnType } from 'kysely'
import type { Counter, Owned, Stamped } from './columns.ts'

type WebhooksTable = Owned &
  Stamped & {
    id: string
    url: string
    events: string[]
    description: string | null
    status: 'active' | 'paused' | 'disabled'
    disabled_reason: string | null
    filter: string | null
    sealed_headers: Buffer | null
    header_names: string[]
    max_in_flight: number
    max_per_second: number | null
    fifo: boolean
    retry_policy: 'standard' | 'extended'
    legacy_version: number | null
    previous_secrets_until: Date | null
    endpoint_version: Counter
    test_minute: Date | null
    tests: Counter
  }

type WebhookSecretsTable = Owned & {
  webhook_id: string
  version: number
  sealed: Buffer
  state: 'current' | 'previous'
  created_at: Date
  expires_at: Date | null
}

type WebhookTroublesTable = Owned & {
  webhook_id: string
  first_failure_at: Date
  missed_from: Date
  last_failure_at: Date
  failed_attempts: number
  failed_deliveries: number
  forgiven_deliveries: Counter
  warned: ColumnType<number, number | undefined>
}

type ExpiredNumbersTable = Owned & { webhook_id: string; numbers: string }

type BackfillsTable = Owned &
  Stamped & {
    id: string
    webhook_id: string
    from_time: Date
    to_time: Date
    cursor: string | null
    types: string[] | null
    mode: 'missing' | 'failed' | 'all'
    status: 'running' | 'completed' | 'canceled'
    estimated: number
    enqueued: Counter
    delivered: Counter
    failed: Counter
    canceled: Counter
    created_by: string
    finished_at: Date | null
  }

type DeliveriesTable = Owned & {
  event_at: Date
  id: string
  webhook_id: string
  event_id: string
  event_type: string
  trigger: 'event' | 'manual' | 'replay' | 'backfill'
  generation: number
  status: 'delivered' | 'failed' | 'skipped'
  attempts: number
  http_status: number | null
  error_code: string | null
  number: ColumnType<number | null, number | null | undefined>
  created_at: Date
  finished_at: Date
}

type DeliveryAttemptsTable = Owned & {
  event_at: Date
  delivery_id: string
  number: number
  epoch: number
  webhook_id: string
  at: Date
  http_status: number | null
  error_code: string | null
  remote_address: string | null
  timings: string
  request_headers: string
  response_headers: string | null
  response_body: string | null
  response_truncated: boolean
}

export type WebhooksTables = {
  webhooks: WebhooksTable
  webhook_secrets: WebhookSecretsTable
  webhook_troubles: WebhookTroublesTable
  expired_numbers: ExpiredNumbersTable
  backfills: BackfillsTable
  deliveries: DeliveriesTable
  delivery_attempts: DeliveryAttemptsTable
}
