import type { ColumnType } from 'kysely'
import type { Owned } from './columns.ts'

type PlansTable = {
  id: string
  label: string
  requests_per_minute: number | null
  key_requests_per_minute: ColumnType<number | null, number | null | undefined, number | null>
  chat_messages_per_day: number | null
  key_calls_per_month: number | null
  webhooks_max: number | null
  automations_max: number | null
  analytics: boolean
  retention_days: number
  listed: ColumnType<boolean, boolean | undefined, boolean>
}

type UsageCountersTable = Owned & { metric: string; day: string; slot: number; used: number }

type LimitsReachedTable = Owned & {
  limit_name: string
  period_start: Date
  limit_value: number
  created_at: Date
}

export type PlansTables = {
  plans: PlansTable
  usage_counters: UsageCountersTable
  limits_reached: LimitsReachedTable
}
