import { createDocumentBuilder, type DocumentBuilder } from './document-builder.ts'
import { ExtractError } from './extract-error.ts'
import type { ExtractedDocument } from './extracted-document.ts'

type Json = Record<string, unknown>

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']
const deepestSchema = 2
const mostProperties = 60

export const isOpenapi = (value: unknown): value is Json =>
  isObject(value) &&
  (typeof value.openapi === 'string' || typeof value.swagger === 'string' || value.swagger === 2) &&
  isObject(value.info)

/** YAML or JSON text of an API description. Throws `unreadable`. */
export const parseOpenapi = async (raw: string): Promise<ExtractedDocument> => {
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = /^\s*\{/.test(raw) ? JSON.parse(raw) : parse(raw, { maxAliasCount: 100, logLevel: 'silent' })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0]!.slice(0, 200) : ''
    throw new ExtractError('unreadable', `The API description cannot be parsed: ${reason}`, cause)
  }
  if (!isOpenapi(value))
    throw new ExtractError('unreadable', 'The file is not an API description: it has no `openapi` version and `info`.')
  return extractOpenapi(value)
}

/** One section an operation: `GET /path`, then summary, description, parameters, request body and responses. */
export const extractOpenapi = (api: Json): ExtractedDocument => {
  const builder = createDocumentBuilder()
  const info = object(api.info)
  const title = text(info.title) || null
  if (title) builder.heading(1, title)
  builder.markdown(text(info.description), 1)
  builder.paragraph(
    lines(
      'Servers',
      list(api.servers).map((server) => `- ${text(server.url)} ${text(server.description)}`),
    ),
  )
  const operations = [...operationsOf(api, api.paths), ...operationsOf(api, api.webhooks)]
  for (const operation of operations) addOperation(builder, api, operation)
  return builder.build(title)
}

type Operation = { method: string; path: string; shared: unknown; operation: Json }

const operationsOf = (api: Json, paths: unknown): Operation[] =>
  Object.entries(object(paths)).flatMap(([path, found]) => {
    const item = resolve(api, found)
    return methods
      .filter((method) => isObject(item[method]))
      .map((method) => ({ method, path, shared: item.parameters, operation: object(item[method]) }))
  })

const addOperation = (builder: DocumentBuilder, api: Json, { method, path, shared, operation }: Operation): void => {
  builder.heading(2, `${method.toUpperCase()} ${path}`, { standalone: true })
  builder.paragraph(text(operation.summary))
  builder.paragraph(text(operation.description))
  builder.paragraph(operation.deprecated === true ? 'Deprecated.' : '')
  const parameters = [...list(shared), ...list(operation.parameters)].map((parameter) => resolve(api, parameter))
  const inBody = parameters.filter((parameter) => parameter.in === 'body')
  builder.paragraph(
    lines(
      'Parameters:',
      parameters.filter((parameter) => parameter.in !== 'body').map((one) => parameterLine(api, one)),
    ),
  )
  const body = resolve(api, operation.requestBody)
  const schema = schemaOf(body) ?? inBody[0]?.schema
  builder.paragraph(
    lines(`Request body${body.required === true ? ' (required)' : ''}:`, [
      text(body.description),
      ...schemaLines(api, schema),
    ]),
  )
  builder.paragraph(
    lines(
      'Responses:',
      Object.entries(object(operation.responses)).flatMap(([status, one]) => responseLines(api, status, one)),
    ),
  )
}

const parameterLine = (api: Json, parameter: Json): string => {
  const schema = resolve(api, parameter.schema)
  const about = [
    text(parameter.in),
    typeOf(schema) || text(parameter.type),
    parameter.required === true ? 'required' : '',
  ]
  return `- ${text(parameter.name)} (${about.filter(Boolean).join(', ')})${described(text(parameter.description) || text(schema.description))}${values(schema)}`
}

const responseLines = (api: Json, status: string, found: unknown): string[] => {
  const response = resolve(api, found)
  const schema = schemaOf(response) ?? response.schema
  return [`- ${status}${described(text(response.description))}`, ...schemaLines(api, schema, '  ')]
}

const schemaOf = (holder: Json): unknown => {
  const content = object(holder.content)
  return object(content['application/json'] ?? Object.values(content)[0]).schema
}

const schemaLines = (api: Json, found: unknown, indent = '', depth = 1): string[] => {
  const schema = flatten(api, found)
  if (schema.type === 'array' || schema.items) return schemaLines(api, schema.items, indent, depth)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(object(schema.properties))
    .slice(0, mostProperties)
    .flatMap(([name, value]) => {
      const property = flatten(api, value)
      const about = [typeOf(property), required.includes(name) ? 'required' : ''].filter(Boolean).join(', ')
      const line = `${indent}- ${name}${about ? ` (${about})` : ''}${described(text(property.description))}${values(property)}`
      return depth < deepestSchema ? [line, ...schemaLines(api, property, `${indent}  `, depth + 1)] : [line]
    })
}

/** A schema with what it refers to and what `allOf` adds. */
const flatten = (api: Json, found: unknown, depth = 0): Json => {
  const schema = resolve(api, found)
  if (!Array.isArray(schema.allOf) || depth > deepestSchema) return schema
  const parts = schema.allOf.map((part) => flatten(api, part, depth + 1))
  const properties = Object.assign({}, ...parts.map((part) => object(part.properties)), object(schema.properties))
  return {
    ...parts[0],
    ...schema,
    properties,
    required: [...parts, schema].flatMap((part) => (Array.isArray(part.required) ? part.required : [])),
  }
}

/** Follows references within the document; those into other documents, and circles, give an empty object. */
const resolve = (api: Json, value: unknown, hops = 0): Json => {
  const found = object(value)
  const reference = found.$ref
  if (typeof reference !== 'string') return found
  if (!reference.startsWith('#/') || hops > 20) return {}
  const keys = reference
    .slice(2)
    .split('/')
    .map((key) => unescapeKey(key))
  return resolve(
    api,
    keys.reduce<unknown>((at, key) => (Object.hasOwn(object(at), key) ? object(at)[key] : undefined), api),
    hops + 1,
  )
}

const unescapeKey = (key: string): string => {
  const plain = key.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(plain)
  } catch {
    return plain
  }
}

const typeOf = (schema: Json): string => {
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : text(schema.type)
  return text(schema.format) ? `${type} ${text(schema.format)}` : type
}

const values = (schema: Json): string => {
  const allowed = Array.isArray(schema.enum) ? ` One of: ${schema.enum.slice(0, 40).map(String).join(', ')}.` : ''
  const fallback = ['string', 'number', 'boolean'].includes(typeof schema.default)
    ? ` Default: ${String(schema.default)}.`
    : ''
  return allowed + fallback
}

const described = (description: string): string => (description ? `: ${description.replace(/\s+/g, ' ')}` : '')

const lines = (head: string, body: string[]): string => {
  const filled = body.filter((line) => line.trim())
  return filled.length > 0 ? [head, ...filled].join('\n') : ''
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Json => (isObject(value) ? value : {})
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
