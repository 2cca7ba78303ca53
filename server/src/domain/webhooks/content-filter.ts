import { z } from 'zod'

const scalar = z.union([z.string().max(500), z.number(), z.boolean(), z.null()])

const operators = ['eq', 'ne', 'in', 'not_in', 'gt', 'gte', 'lt', 'lte', 'contains', 'starts_with', 'exists'] as const

type Operator = (typeof operators)[number]
type Scalar = z.infer<typeof scalar>

const listOperators: readonly Operator[] = ['in', 'not_in']
const orderOperators: readonly Operator[] = ['gt', 'gte', 'lt', 'lte']

const fits = (op: Operator, value: Scalar | Scalar[]): boolean => {
  if (listOperators.includes(op)) return Array.isArray(value)
  if (Array.isArray(value)) return false
  if (op === 'exists') return typeof value === 'boolean'
  if (orderOperators.includes(op)) return typeof value === 'number' || typeof value === 'string'
  return op !== 'starts_with' || typeof value === 'string'
}

const condition = z
  .strictObject({
    path: z
      .string()
      .max(200)
      .regex(/^\w+(\.\w+){0,7}$/, 'must be names joined by dots, at most eight of them')
      .meta({ description: 'A field of the envelope, such as `data.status`.', examples: ['data.status'] }),
    op: z.enum(operators),
    value: z.union([scalar, z.array(scalar).min(1).max(50)]),
  })
  .refine(({ op, value }) => fits(op, value), {
    path: ['value'],
    message: '`in` and `not_in` take a list, `exists` true or false, every other operator one value',
  })

/** At most twenty conditions on the envelope of an event; all must hold. */
export const ContentFilter = z
  .array(condition)
  .min(1)
  .max(20)
  .meta({
    description:
      'Only events for which every condition holds are delivered. `contains` looks for a member of a list or a part of a text.',
    examples: [[{ path: 'data.status', op: 'eq', value: 'failed' }]],
  })

export type ContentFilter = z.output<typeof ContentFilter>

const valueAt = (envelope: unknown, path: string): unknown => {
  let value = envelope
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

const compare = (found: unknown, wanted: unknown, holds: (order: number) => boolean): boolean => {
  if (typeof found === 'number' && typeof wanted === 'number') return holds(found - wanted)
  if (typeof found === 'string' && typeof wanted === 'string')
    return holds(found < wanted ? -1 : found > wanted ? 1 : 0)
  return false
}

const tests: Record<Operator, (found: unknown, wanted: unknown) => boolean> = {
  eq: (found, wanted) => found === wanted,
  ne: (found, wanted) => found !== wanted,
  in: (found, wanted) => (wanted as Scalar[]).includes(found as Scalar),
  not_in: (found, wanted) => !(wanted as Scalar[]).includes(found as Scalar),
  gt: (found, wanted) => compare(found, wanted, (order) => order > 0),
  gte: (found, wanted) => compare(found, wanted, (order) => order >= 0),
  lt: (found, wanted) => compare(found, wanted, (order) => order < 0),
  lte: (found, wanted) => compare(found, wanted, (order) => order <= 0),
  contains: (found, wanted) =>
    Array.isArray(found) ? found.includes(wanted) : typeof found === 'string' && found.includes(String(wanted)),
  starts_with: (found, wanted) => typeof found === 'string' && found.startsWith(String(wanted)),
  exists: (found, wanted) => (found !== undefined) === wanted,
}

/** Whether every condition holds for an envelope; an absent field is equal to nothing. */
export const passesFilter = (filter: ContentFilter, envelope: unknown): boolean =>
  filter.every(({ path, op, value }) => tests[op](valueAt(envelope, path), value))
