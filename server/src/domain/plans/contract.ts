import { z } from 'zod'
import { timeOutput } from '../wire.ts'

/** Every limit of a plan that has a number, by its name in plans, refusals, usage and events. */
export const limitNames = [
  'requests_per_minute',
  'chat_messages_per_day',
  'key_calls_per_month',
  'webhooks_max',
  'automations_max',
] as const

export type LimitName = (typeof limitNames)[number]

const orNoLimit = (description: string) =>
  z
    .number()
    .int()
    .nullable()
    .meta({ description: `${description} Null: no limit.` })

export const PlanLimits = z
  .object({
    requests_per_minute: orNoLimit('Requests of the workspace in a minute.'),
    key_requests_per_minute: orNoLimit('Requests of each key in a minute, where the key has no limit of its own.'),
    chat_messages_per_day: orNoLimit('Questions put to agents in a day of UTC.'),
    key_calls_per_month: orNoLimit('Calls of each key in a month of UTC.'),
    webhooks_max: orNoLimit('Webhooks at the same time.'),
    automations_max: orNoLimit('Automations at the same time.'),
    analytics: z.boolean().meta({ description: 'Whether analytics belong to the plan.' }),
    retention_days: z.number().int().min(0).meta({ description: 'How many days history is kept for at least.' }),
  })
  .meta({ id: 'PlanLimits' })

export const Plan = z
  .object({
    id: z.string().meta({ examples: ['growth'] }),
    label: z.string().meta({ examples: ['Growth'] }),
    limits: PlanLimits,
  })
  .meta({ id: 'Plan' })

export const PlanChanged = z.object({
  previous_plan: Plan.pick({ id: true, label: true }),
  plan: Plan,
})

export const LimitReached = z.object({
  limit: z.enum(limitNames),
  used: z.number().int().min(0),
  limit_value: z.number().int().min(0),
  period_start: timeOutput,
  resets_at: timeOutput.meta({ description: 'When the count begins again.' }),
})

export const Usage = z
  .object({
    plan: Plan.pick({ id: true, label: true }),
    limits: z.array(
      z.object({
        name: z
          .enum([
            'requests_per_minute',
            'chat_messages_per_day',
            'key_calls_per_month',
            'all_key_calls_per_month',
            'webhooks_max',
          ])
          .meta({
            description:
              '`key_calls_per_month` counts the key that asks, and is absent where a person does; `all_key_calls_per_month` adds up every key.',
          }),
        used: z.number().int().min(0).nullable().meta({ description: 'Null: not known to the server that answers.' }),
        limit: z.number().int().min(0).nullable().meta({ description: 'Null: no limit.' }),
        period: z.enum(['minute', 'day', 'month', 'none']),
        resets_at: timeOutput
          .nullable()
          .meta({ description: 'When the count begins again; null where it never does.' }),
      }),
    ),
  })
  .meta({ id: 'Usage' })
