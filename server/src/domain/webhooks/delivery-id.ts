import { createHash } from 'node:crypto'

/**
 * The id of one delivery: always the same for an event, a webhook and a generation, so that nothing is ever enqueued
 * twice. Its first 64 bits are those of the event's id: deliveries sort as their events do and share their day.
 */
export const deliveryId = (eventId: string, webhookId: string, generation: number): string => {
  const hash = createHash('sha256').update(`${eventId} ${webhookId} ${generation}`).digest()
  hash[0] = 0x80 | (hash[0]! & 0x3f)
  const hex = hash.toString('hex', 0, 8)
  return `${eventId.slice(0, 19)}${hex.slice(0, 4)}-${hex.slice(4)}`
}

/** The lowest and the highest id that a delivery of the event can have. */
export const deliveryIdsOf = (eventId: string): { lowest: string; highest: string } => ({
  lowest: `${eventId.slice(0, 19)}0000-000000000000`,
  highest: `${eventId.slice(0, 19)}ffff-ffffffffffff`,
})
