import type { z } from 'zod'
import type { Plan } from './contract.ts'
import type { PlanRow } from './queries.ts'

export const presentPlan = (row: PlanRow): z.infer<typeof Plan> => ({
  id: row.id,
  label: row.label,
  limits: {
    requests_per_minute: row.requests_per_minute,
    key_requests_per_minute: row.key_requests_per_minute,
    chat_messages_per_day: row.chat_messages_per_day,
    key_calls_per_month: row.key_calls_per_month,
    webhooks_max: row.webhooks_max,
    automations_max: row.automations_max,
    analytics: row.analytics,
    retention_days: row.retention_days,
  },
})
