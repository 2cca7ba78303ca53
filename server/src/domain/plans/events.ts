import { defineEvent } from '../events/index.ts'
import { LimitReached, PlanChanged } from './contract.ts'

export const planChanged = defineEvent({
  type: 'plan.changed',
  description: 'The plan of the workspace was changed.',
  data: PlanChanged,
  example: {
    previous_plan: { id: 'starter', label: 'Starter' },
    plan: {
      id: 'growth',
      label: 'Growth',
      limits: {
        requests_per_minute: 300,
        key_requests_per_minute: null,
        chat_messages_per_day: 5_000,
        key_calls_per_month: 1_000,
        webhooks_max: 5,
        automations_max: 50,
        analytics: true,
        retention_days: 90,
      },
    },
  },
})
export const usageLimitReached = defineEvent({
  type: 'usage.limit_reached',
  description: 'A limit of the plan was reached: once for each limit and period, with the last unit it allows.',
  data: LimitReached,
  example: {
    limit: 'chat_messages_per_day',
    used: 5_000,
    limit_value: 5_000,
    period_start: '2026-03-11T00:00:00.000Z',
    resets_at: '2026-03-12T00:00:00.000Z',
  },
})

export const planEvents = [planChanged, usageLimitReached]
