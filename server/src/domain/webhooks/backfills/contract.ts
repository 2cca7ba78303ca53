import { z } from 'zod'
import { idInput, idOutput, timeInput, timeOutput } from '../../wire.ts'

const mode = z.enum(['missing', 'failed', 'all']).meta({
  description:
    '`missing`: events that never arrived there, whether they failed or were never sent. `failed`: only those that were sent and failed. `all`: everything in the window again. What still waits is left to arrive by itself.',
})

export const CreateBackfill = z
  .strictObject({
    webhook_id: idInput('webhook'),
    from: timeInput.meta({ description: 'Events created at this moment or later.' }),
    to: timeInput.meta({ description: 'Events created before this moment.' }),
    types: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Types, aliases or families. Default: what the webhook subscribes to.' }),
    mode,
    dry_run: z.boolean().optional().meta({ description: 'Only estimate; nothing is created or sent.' }),
    max_per_second: z.number().min(1).max(200).optional().meta({
      description: 'How fast this webhook catches up from now on. Default: 20, beside what is fresh.',
    }),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than `from`' })

export const backfillStatuses = ['running', 'completed', 'canceled'] as const

export const Backfill = z
  .object({
    id: idOutput('backfill'),
    webhook_id: idOutput('webhook'),
    status: z.enum(backfillStatuses).meta({
      description:
        '`completed`: everything in the window was looked at and enqueued; the deliveries may still be under way, and can be taken back by canceling it.',
    }),
    mode,
    from: timeOutput,
    to: timeOutput,
    types: z.array(z.string()).nullable(),
    estimated: z.number().int().meta({
      description:
        'What was there to send when it began; exact up to 100,000, unless they lie far apart in a long log.',
    }),
    enqueued: z.number().int().meta({
      description:
        'Deliveries made so far. What is in none of the three numbers below still waits, or was given up with its event.',
    }),
    delivered: z.number().int().meta({ description: 'Of these, how many arrived.' }),
    failed: z.number().int().meta({ description: 'Of these, how many failed for good.' }),
    canceled: z.number().int().meta({ description: 'Of these, how many a cancellation took back.' }),
    progress: z.number().min(0).max(1).meta({ description: 'Part of the window that was looked at.' }),
    created_by: z.string(),
    created_at: timeOutput,
    updated_at: timeOutput,
    finished_at: timeOutput.nullable(),
  })
  .meta({ id: 'Backfill' })

export const BackfillEstimate = z
  .object({
    id: z.null(),
    webhook_id: idOutput('webhook'),
    status: z.literal('estimated'),
    estimated: z.number().int(),
    enqueued: z.literal(0),
  })
  .meta({ id: 'BackfillEstimate' })
