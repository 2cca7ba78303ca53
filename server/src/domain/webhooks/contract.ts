import { z } from 'zod'
import { SubjectInput } from '../events/index.ts'
import { idInput, idOutput, integerQuery, timeInput, timeOutput } from '../wire.ts'
import { ContentFilter } from './content-filter.ts'
import { CustomHeaders } from './custom-headers.ts'

const url = z
  .string()
  .max(2_048)
  .meta({
    description:
      'Where events are posted to: https, on the public internet. In a sandbox workspace it may be http and on the machine of the server.',
    examples: ['https://myapp.com/webhook/parley'],
  })

const eventList = z
  .array(z.string().min(1).max(100))
  .min(1, 'must name at least one event')
  .max(100)
  .meta({
    description: 'Event types or their aliases, `prefix.*` for a family, or `*` for all.',
    examples: [['contact.created', 'conversation.*']],
  })

const description = z.string().trim().max(500).meta({ description: 'A label of your own.' })

const settings = {
  max_in_flight: z.number().int().min(1).max(32).meta({
    description:
      'How many deliveries may be under way at once. Default: 8. Fewer are, while the endpoint is in trouble.',
  }),
  max_per_second: z.number().min(0.1).max(1_000).meta({ description: 'How many deliveries may begin in a second.' }),
  fifo: z.boolean().meta({
    description:
      'One delivery at a time, in the order of the log: one that fails holds up those behind it until it is delivered or has failed for good.',
  }),
  retry_policy: z.enum(['standard', 'extended']).meta({
    description:
      '`standard`: five attempts in ten and a half hours. `extended`: ten attempts in three days, the first retry after five seconds.',
  }),
}

export const CreateWebhook = z.strictObject({
  url,
  events: eventList,
  description: description.nullish(),
  filter: ContentFilter.nullish(),
  headers: CustomHeaders.nullish(),
  max_in_flight: settings.max_in_flight.optional(),
  max_per_second: settings.max_per_second.nullish(),
  fifo: settings.fifo.optional(),
  retry_policy: settings.retry_policy.optional(),
})

/** Absent fields stay as they are. */
export const UpdateWebhook = z.strictObject({
  url: url.optional(),
  events: eventList.optional(),
  description: description.nullish(),
  filter: ContentFilter.nullish(),
  headers: CustomHeaders.nullish().meta({ description: 'Replaces all of them; null or `{}` removes them.' }),
  max_in_flight: settings.max_in_flight.optional(),
  max_per_second: settings.max_per_second.nullish(),
  fifo: settings.fifo.optional(),
  retry_policy: settings.retry_policy.optional(),
  status: z.enum(['active', 'paused']).optional().meta({
    description:
      'A paused webhook goes on collecting; `active` delivers what it collected, and revives a disabled one.',
  }),
})

export const Webhook = z
  .object({
    id: idOutput('webhook'),
    url: z.string(),
    events: z.array(z.string()),
    description: z.string().nullable(),
    status: z.enum(['active', 'paused', 'disabled']),
    disabled_reason: z.string().nullable().meta({
      description:
        '`endpoint_gone`: it answered 410, which asks never to be called again. `endpoint_failing`: nothing but failures for five days.',
    }),
    filter: ContentFilter.nullable(),
    headers: z.record(z.string(), z.string()).meta({ description: 'The names of its own headers; values are masked.' }),
    max_in_flight: z.number().int(),
    max_per_second: z.number().nullable(),
    fifo: z.boolean(),
    retry_policy: z.enum(['standard', 'extended']),
    previous_secrets_until: timeOutput.nullable().meta({
      description: 'While a rotation is under way, when the older secrets stop signing.',
    }),
    legacy_signature: z.enum(['current', 'previous']).meta({
      description: 'Which secret makes `X-Parley-Signature`, which can hold one signature only.',
    }),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Webhook' })

export const WebhookWithMissed = Webhook.extend({
  missed: z
    .object({
      from: timeOutput.meta({ description: 'No event that failed is older.' }),
      to: timeOutput.meta({ description: 'When the last of them failed, or when the webhook was made active again.' }),
      failed_deliveries: z.number().int().meta({ description: 'How many deliveries failed for good.' }),
    })
    .nullable()
    .meta({
      description:
        'What failed for good since the last success: a backfill of `from` to `to` with the mode `missing` brings it. Null: nothing, or something has arrived since.',
    }),
}).meta({ id: 'WebhookWithMissed' })

export const NewWebhook = Webhook.extend({
  secret: z.string().meta({
    description: 'Signs every delivery. Shown this once, never again.',
    examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  }),
}).meta({ id: 'NewWebhook' })

export const RotateSecret = z.strictObject({
  overlap_seconds: z.number().int().min(0).max(604_800).optional().meta({
    description: 'How long the old secret signs beside the new one. Default: a day. 0 ends it at once.',
  }),
})

export const RotatedSecret = z
  .object({
    secret: z.string().meta({ description: 'The new secret. Shown this once, never again.' }),
    previous_expires_at: timeOutput.nullable().meta({ description: 'When the old one stops signing; null: it has.' }),
  })
  .meta({ id: 'RotatedSecret' })

export const checkpointQuery = {
  after: integerQuery(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Look at the deliveries after this number only. Default: at all.' }),
}

export const WebhookCheckpoint = z
  .object({
    webhook_id: idOutput('webhook'),
    sequence: z
      .number()
      .int()
      .meta({ description: 'How many deliveries it has had so far: the highest number given.' }),
    delivered_through: z
      .number()
      .int()
      .meta({ description: 'Every delivery up to this number has arrived, or is among the expired ones.' }),
    after: z.number().int().meta({ description: 'The page begins after this number, as it was asked for.' }),
    through: z.number().int().meta({
      description:
        'The page ends with this number: what is missing or expired beyond it is on the next, `after` this one. As high as `sequence` on the last.',
    }),
    missing: z
      .array(
        z.object({
          sequence: z.number().int(),
          event_id: idOutput('event'),
          status: z.enum(['pending', 'failed', 'skipped']),
        }),
      )
      .meta({ description: 'Those that have not arrived, lowest first, 1,000 at most.' }),
    more_missing: z.boolean(),
    expired: z.array(z.object({ from: z.number().int(), to: z.number().int() })).meta({
      description:
        'Those that had not arrived when their events ended, and never will, lowest first, 1,000 ranges at most, both ends included.',
    }),
    issued_at: timeOutput,
  })
  .meta({ id: 'WebhookCheckpoint' })

const trouble = {
  webhook_id: idOutput('webhook'),
  url: z.string(),
  first_failure_at: timeOutput,
  last_failure_at: timeOutput,
  failed_attempts: z.number().int(),
  failed_deliveries: z.number().int().meta({ description: 'Deliveries that failed for good.' }),
}

export const EndpointFailingData = z.object({
  ...trouble,
  failing_for_hours: z.number().int(),
  disabled_from: timeOutput.meta({ description: 'When it is disabled if nothing succeeds until then.' }),
})
export const EndpointRecoveredData = z.object({
  ...trouble,
  missed_from: timeOutput.meta({ description: 'A backfill from here on brings what was missed.' }),
  missed_to: timeOutput.meta({ description: 'Where that backfill may end.' }),
})
export const EndpointDisabledData = z.object({
  webhook_id: idOutput('webhook'),
  url: z.string(),
  reason: z.enum(['endpoint_gone', 'endpoint_failing']),
  disabled_at: timeOutput,
  missed_from: timeOutput.nullable().meta({
    description: 'From when on deliveries failed for good; null when none did. What was not tried is collected.',
  }),
})

export const DeliveriesExpiredData = z.object({
  webhook_id: idOutput('webhook'),
  count: z.number().int().meta({ description: 'How many deliveries were given up.' }),
  from: timeOutput.meta({ description: 'When the oldest of their events happened.' }),
  to: timeOutput.meta({ description: 'When the newest of their events happened.' }),
})

export const WebhookDeletedData = z.object({ id: idOutput('webhook'), deleted_at: timeOutput })

export const PingData = z.object({ webhook_id: idOutput('webhook'), message: z.string() })

const headers = z.record(z.string(), z.string())

const deliveryError = z.object({
  code: z.string().meta({ description: 'The kind of failure, such as `http_error`, `connect_refused` or `timeout`.' }),
  message: z.string(),
})

const keptResponse = z.object({
  headers,
  body: z.string().meta({ description: 'The first 4 KiB, as text.' }),
  truncated: z.boolean().meta({ description: 'The body was longer than what is kept.' }),
})

export const WebhookTest = z
  .object({
    delivered: z.boolean().meta({ description: 'The endpoint answered with a 2xx status.' }),
    request: z.object({ url: z.string(), headers, body: z.string() }),
    signed: z.string().nullable().meta({
      description:
        'In a sandbox workspace: the exact text behind `webhook-signature`. The legacy signature is over the body alone.',
    }),
    response: keptResponse.extend({ status: z.number().int() }).nullable(),
    error: deliveryError.nullable(),
    duration_ms: z.number(),
  })
  .meta({ id: 'WebhookTest' })

export const deliveryStatuses = ['pending', 'delivered', 'failed', 'skipped'] as const

export const EventDelivery = z
  .object({
    id: idOutput('delivery'),
    webhook_id: idOutput('webhook'),
    event_id: idOutput('event'),
    event_type: z.string(),
    status: z.enum(deliveryStatuses).meta({
      description:
        '`failed`: the last attempt failed. `skipped`: by an older version, when the webhook was disabled before it could be delivered.',
    }),
    trigger: z.enum(['event', 'manual', 'replay', 'backfill']),
    sequence: z.number().int().nullable().meta({
      description:
        'Its place among the deliveries of this webhook, as in the header of the same name. Null for older ones.',
    }),
    attempt_count: z.number().int(),
    http_status: z.number().int().nullable().meta({ description: 'Of the latest attempt.' }),
    error: deliveryError.nullable().meta({ description: 'Of the latest attempt.' }),
    next_attempt_at: timeOutput.nullable(),
    created_at: timeOutput,
    finished_at: timeOutput.nullable(),
  })
  .meta({ id: 'EventDelivery' })

const phase = z.number().nullable()

export const DeliveryAttempt = z
  .object({
    number: z.number().int().meta({
      description: 'Counts from 1. A number comes twice only when a server was lost in the middle of an attempt.',
    }),
    at: timeOutput,
    http_status: z.number().int().nullable(),
    error: deliveryError.nullable(),
    remote_address: z.string().nullable(),
    timings_ms: z.object({ dns: phase, connect: phase, tls: phase, ttfb: phase, total: z.number() }).meta({
      description: 'Milliseconds of each phase; null where there was none, as on a connection that was open already.',
    }),
    request: z.object({ headers }),
    response: keptResponse.nullable(),
  })
  .meta({ id: 'DeliveryAttempt' })

export const EventDeliveryWithAttempts = EventDelivery.extend({ attempts: z.array(DeliveryAttempt) }).meta({
  id: 'EventDeliveryWithAttempts',
})

export const ReplayEvent = z.strictObject({
  webhook_id: idInput('webhook').optional().meta({
    description: 'Send it there, whatever the webhook subscribes to. Default: every webhook that subscribes to it.',
  }),
})

export const ReplayEvents = z
  .strictObject({
    event_ids: z.array(idInput('event')).min(1).max(100).optional(),
    filter: z
      .strictObject({
        type: z.string().min(1).max(100).optional(),
        subject: SubjectInput.optional(),
        from: timeInput.optional(),
        to: timeInput.optional(),
      })
      .refine((filter) => Object.keys(filter).length > 0, 'must name at least one condition')
      .optional()
      .meta({ description: 'As of `GET /v1/events`. It may find 250 events at most.' }),
    webhook_id: idInput('webhook').optional().meta({
      description: 'Send them there, whatever the webhook subscribes to. Default: every webhook that subscribes.',
    }),
  })
  .refine(({ event_ids, filter }) => (event_ids === undefined) !== (filter === undefined), {
    path: ['event_ids'],
    message: 'or `filter` must be sent, and not both.',
  })

export const Replayed = z
  .object({ enqueued: z.number().int(), delivery_ids: z.array(idOutput('delivery')) })
  .meta({ id: 'ReplayedEvent' })
