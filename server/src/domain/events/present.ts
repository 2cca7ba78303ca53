import type { z } from 'zod'
import type { Event } from './contract.ts'

export type EventRow = { id: string; sequence: number; payload: string }

/** The stored text is the wire form: it was made from a declared shape when the event was recorded. */
export const presentEvent = (row: EventRow): z.infer<typeof Event> => JSON.parse(row.payload)
