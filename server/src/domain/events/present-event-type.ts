import type { z } from 'zod'
import type { EventTypeInfo } from './contract.ts'
import { envelopeText } from './envelope.ts'
import { eventSchema } from './event-schema.ts'
import type { EventType } from './event-type.ts'

// Its time is 2026-03-11T11:22:00.000Z, at which most examples happened.
const exampleId = '019cdca1-d7c0-703f-a582-0298b62c12e1'

const exampleOf = ({ type, example, logged }: EventType): Record<string, unknown> | null => {
  if (example === null) return null
  const { head, tail } = envelopeText({ id: exampleId, workspaceId: exampleId, type, data: example })
  return JSON.parse(`${head}${logged ? 42 : 0}${tail}`)
}

export const presentEventType = (eventType: EventType): z.infer<typeof EventTypeInfo> => ({
  type: eventType.type,
  aliases: [...eventType.aliases],
  status: eventType.status,
  description: eventType.description,
  logged: eventType.logged,
  schema: eventSchema(eventType),
  example: exampleOf(eventType),
})
