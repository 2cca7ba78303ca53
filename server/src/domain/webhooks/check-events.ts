import { AppError } from '../../base/errors.ts'
import { type EventType, eventNames } from '../events/index.ts'

/** The list without repetitions. Throws BAD_REQUEST that names what no event is called. */
export const checkEvents = (events: readonly string[], eventTypes: readonly EventType[]): string[] => {
  const known = eventNames(eventTypes)
  const unknown = events.filter((name) => name !== '*' && !known.has(name))
  if (unknown.length === 0) return [...new Set(events)]
  const named = unknown.slice(0, 10).map((name) => `'${name}'`)
  throw new AppError('BAD_REQUEST', `No event is called ${named.join(', ')}.`, { param: 'events' })
}
