import { z } from 'zod'
import { objectsByPrefix } from '../endpoint-fixtures.ts'

type Schema = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  items?: Schema
  examples?: unknown[]
  $ref?: string
  $defs?: Record<string, Schema>
}

export const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Schema

const branchesOf = (schema: Schema): Schema[] => {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return inner.length > 0 ? inner.flatMap(branchesOf) : [schema]
}

export const propertiesOf = (schema: Schema): Record<string, Schema> =>
  Object.assign({}, ...branchesOf(schema).map((branch) => branch.properties ?? {}))

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

const typesOf = (schema: Schema): Set<string> | undefined => {
  const types = new Set<string>()
  for (const branch of branchesOf(schema)) {
    const named = branch.type ?? (branch.enum ?? ('const' in branch ? [branch.const] : [])).map(typeOf)
    if (named.length === 0) return undefined
    for (const type of [named].flat()) types.add(type === 'integer' ? 'number' : type)
  }
  return types
}

const samples: unknown[] = [null, true, 7.25, 'x', '', [], ['x'], [[[]]], {}, { x: 1 }]

/** Values of every type that the schema does not take. */
export const mistyped = (schema: Schema): unknown[] => {
  const types = typesOf(schema)
  return types ? samples.filter((value) => !types.has(typeOf(value))) : []
}

/** Which kind of object a field names, told from the example of its id. */
export const namedObject = (schema: Schema): string | undefined => {
  const example = branchesOf(schema)
    .flatMap((branch) => branch.examples ?? [])
    .concat(schema.examples ?? [])
  for (const text of example) {
    const prefix = typeof text === 'string' ? /^([a-z]+)_01h455vb4pex5vsknk084sn02q$/.exec(text)?.[1] : undefined
    if (prefix) return objectsByPrefix[prefix]
  }
  return undefined
}
