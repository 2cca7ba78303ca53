import { z } from 'zod'
import { fromWireId, type IdKind, idPrefixes } from '../../base/ids.ts'
import { idOutput, timeOutput } from '../wire.ts'

const kinds = Object.keys(idPrefixes) as IdKind[]

/** The id of anything, as callers send it; a UUID inside. */
export const SubjectInput = z
  .string()
  .max(80)
  .transform((text, issue): string => {
    for (const kind of kinds) {
      const uuid = fromWireId(kind, text)
      if (uuid !== undefined) return uuid
    }
    issue.addIssue({ code: 'custom', message: 'must be an id, such as that of a contact or a conversation' })
    return z.NEVER
  })
  .meta({
    description: 'Only events about the object with this id, whatever its kind.',
    examples: ['cnt_01h455vb4pex5vsknk084sn02q'],
  })

/** An event exactly as its receivers get it. */
export const Event = z
  .object({
    id: idOutput('event'),
    event_id: idOutput('event').meta({ description: 'The same as `id`.' }),
    type: z.string().meta({ examples: ['contact.created'] }),
    event: z.string().meta({ description: 'The same as `type`.', examples: ['contact.created'] }),
    created_at: timeOutput,
    timestamp: timeOutput.meta({ description: 'The same as `created_at`.' }),
    workspace_id: idOutput('workspace'),
    api_version: z.string().meta({ examples: ['2026-11-01'] }),
    sequence: z
      .number()
      .int()
      .min(0)
      .meta({ description: 'Counts the events of the workspace from 1, without a gap.' }),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' })

/** A kind of event, as the catalog has it. */
export const EventTypeInfo = z
  .object({
    type: z.string().meta({ examples: ['contact.created'] }),
    aliases: z
      .array(z.string())
      .meta({ description: 'Other names that a subscription or a filter may use.', examples: [['customer.created']] }),
    status: z.enum(['emitted', 'announced']).meta({
      description:
        '`announced`: it can be subscribed to, and this version records none of it; what its `data` holds is not settled.',
    }),
    description: z.string().meta({ description: 'When it fires.' }),
    logged: z.boolean().meta({ description: 'Whether the log keeps it. A test delivery goes to its webhook alone.' }),
    schema: z
      .record(z.string(), z.unknown())
      .meta({ description: 'The JSON Schema (2020-12) of the whole event. New fields may be added.' }),
    example: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'A whole event; null where what `data` holds is not settled.' }),
  })
  .meta({ id: 'EventType' })
