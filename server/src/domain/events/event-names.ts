import type { EventType } from './event-type.ts'

/** Every name that a subscription or a filter may use: `*`, types, aliases, and `prefix.*` of each. */
export const eventNames = (eventTypes: readonly EventType[]): ReadonlySet<string> =>
  new Set(eventTypes.flatMap(({ names }) => names))

/** The types that a name stands for; none when no event is called so. */
export const typesNamed = (eventTypes: readonly EventType[], name: string): string[] =>
  eventTypes.filter(({ names }) => names.includes(name)).map(({ type }) => type)
