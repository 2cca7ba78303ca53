import assert from 'node:assert/strict'
import test from 'node:test'
import { endpoints, version } from '../endpoints.ts'
import { buildOpenApi } from './openapi.ts'

type Operation = {
  operationId: string
  security: Record<string, unknown>[]
  parameters?: { name?: string; $ref?: string; in?: string }[]
  responses: Record<string, unknown>
  requestBody?: { content: Record<string, unknown> }
}

const documented = endpoints.filter(({ id }) => id !== 'openapi_get')
const document = buildOpenApi(documented, version) as {
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, unknown>>
}

const referencesIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  )
}

test('the document has every endpoint, and nothing else', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [operationId, method.toUpperCase(), path]),
  )
  assert.deepEqual(operations.sort(), documented.map(({ id, method, path }) => [id, method, path]).sort())
})

test('every reference leads somewhere', () => {
  for (const reference of referencesIn(document)) {
    const [, , group, name] = reference.split('/')
    assert.ok(document.components[group!]?.[name!], reference)
  }
})

const schemesOf: Record<string, string[]> = {
  public: [],
  session: ['session'],
  widget_key: ['widgetKey'],
  conversation_secret: ['conversationSecret'],
}

test('every operation says who may call it, what it takes and how it can fail', () => {
  for (const endpoint of documented) {
    const operation = document.paths[endpoint.path]![endpoint.method.toLowerCase()]!
    const names = operation.security.flatMap((need) => Object.keys(need))
    assert.deepEqual(names, schemesOf[endpoint.access] ?? ['bearer', 'apiKey'], endpoint.id)
    for (const status of Object.keys(endpoint.responses))
      assert.ok(operation.responses[status], `${endpoint.id} ${status}`)
    for (const status of [
      429,
      500,
      ...(endpoint.access === 'public' ? [] : [401, 403]),
      ...(endpoint.path.includes('{') ? [404] : []),
      ...(endpoint.body ? [400, 413, 415] : []),
    ])
      assert.ok(operation.responses[status], `${endpoint.id} ${status}`)
    const inPath = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'path')
      .map(({ name }) => `{${name}}`)
    assert.deepEqual(inPath, endpoint.path.match(/\{\w+\}/g) ?? [], endpoint.id)
    const takesKey = (operation.parameters ?? []).some(({ $ref }) => $ref?.endsWith('/IdempotencyKey'))
    assert.equal(takesKey, endpoint.idempotency !== 'none', endpoint.id)
    assert.equal(operation.requestBody !== undefined, endpoint.body !== undefined, endpoint.id)
    assert.equal(
      'multipart/form-data' in (operation.requestBody?.content ?? {}),
      endpoint.acceptsFile === true,
      endpoint.id,
    )
  }
})

test('the same endpoints give the same text', () => {
  assert.equal(JSON.stringify(buildOpenApi(documented, version)), JSON.stringify(document))
})
