import { AppError } from '../../base/errors.ts'
import { typesNamed } from './event-names.ts'
import type { EventType } from './event-type.ts'

export type EventFilter = {
  /** A type, an alias, `prefix.*` or `*`. */
  type?: string | undefined
  /** UUID of what the events are about. */
  subject?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
  /** `false`: a delivery of it failed, and its webhook has not got it since. `true`: the others. */
  delivered?: boolean | undefined
}

/** The types a filter lets through; undefined for all of them. Throws BAD_REQUEST when no event is called so. */
export const typesOf = (name: string | undefined, eventTypes: readonly EventType[]): string[] | undefined => {
  if (name === undefined || name === '*') return undefined
  const types = typesNamed(eventTypes, name)
  if (types.length === 0)
    throw new AppError('BAD_REQUEST', `No event is called '${name.slice(0, 100)}'.`, { param: 'type' })
  return types
}
