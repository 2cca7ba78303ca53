import type { z } from 'zod'

/** One kind of event: what it is called, what else it is called, when it fires, and what it carries. */
export type EventType<Data extends z.ZodType = z.ZodType> = {
  type: string
  /** Other names that published pages use for the same thing; subscribing to either matches. */
  aliases: readonly string[]
  /** `announced`: it can be subscribed to, and no part of the product records it yet; its `data` is not settled. */
  status: 'emitted' | 'announced'
  /** When it fires, in one sentence. */
  description: string
  data: Data
  /** `data` as a receiver may find it; null where it is not settled. */
  example: z.input<Data> | null
  /** Whether the log keeps it: a test delivery goes to its webhook alone. */
  logged: boolean
  /** Every name a subscription may hold that matches: `*`, the type, its aliases, and `prefix.*` of each. */
  names: readonly string[]
}

const namesOf = (type: string): string[] => {
  const parts = type.split('.')
  return [type, ...parts.slice(1).map((_, i) => `${parts.slice(0, i + 1).join('.')}.*`)]
}

type Declaration<Data extends z.ZodType> = {
  type: string
  aliases?: readonly string[]
  description: string
  data: Data
  logged?: boolean
} & ({ status?: 'emitted'; example: z.input<Data> } | { status: 'announced'; example: z.input<Data> | null })

/** One kind of event as one declaration: the log, subscriptions, the catalog and the event reference follow from it. */
export const defineEvent = <Data extends z.ZodType>({
  aliases = [],
  status = 'emitted',
  logged = true,
  ...event
}: Declaration<Data>): EventType<Data> => ({
  ...event,
  aliases,
  status,
  logged,
  names: [...new Set(['*', ...[event.type, ...aliases].flatMap(namesOf)])],
})
