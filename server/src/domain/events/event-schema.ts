import { z } from 'zod'
import { Event } from './contract.ts'
import type { EventType } from './event-type.ts'

/** What receivers get of this type, envelope and all, as a JSON Schema. It lets fields through that are added later. */
export const eventSchema = ({ type, data }: Pick<EventType, 'type' | 'data'>): Record<string, unknown> =>
  z.toJSONSchema(Event.extend({ type: z.literal(type), event: z.literal(type), data }), {
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
