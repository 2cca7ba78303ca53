import type { z } from 'zod'

/** One kind of event: what it is called, what else it is called, and what it carries. */
export type EventType<Data extends z.ZodType = z.ZodType> = {
  type: string
  /** Other names that published pages use for the same thing; subscribing to either matches. */
  aliases: readonly string[]
  /** When it fires, in one sentence. */
  description: string
  data: Data
  /** Every name a subscription may hold that matches: `*`, the type, its aliases, and `prefix.*` of each. */
  names: readonly string[]
}

const namesOf = (type: string): string[] => {
  const parts = type.split('.')
  return [type, ...parts.slice(1).map((_, i) => `${parts.slice(0, i + 1).join('.')}.*`)]
}

export const defineEvent = <Data extends z.ZodType>(event: {
  type: string
  aliases?: readonly string[]
  description: string
  data: Data
}): EventType<Data> => {
  const aliases = event.aliases ?? []
  return { ...event, aliases, names: [...new Set(['*', ...[event.type, ...aliases].flatMap(namesOf)])] }
}
