import { z } from 'zod'
import { FlatError, speaksChatloom } from './dialects/chatloom/refusal.ts'
import type { Access, Endpoint } from './endpoint.ts'
import { ErrorEnvelope, errorTable } from './errors.ts'
import { sharedComponents } from './openapi-components.ts'

type Json = Record<string, unknown>

type Components = Record<string, Json>

const tags: Record<string, string> = {
  Accounts: 'The workspace behind a key, and those of its clients.',
  'Plans and usage': 'What a workspace may use, and what it has used.',
  'Sign-in': 'How people get a token, renew it and give it back.',
  Users: 'Your own account and its second factor.',
  Sessions: 'Where you are signed in.',
  Members: 'The people of a workspace and their roles.',
  'Sign-in with a provider': 'The OpenID Connect provider that the members of a workspace sign in with.',
  Invites: 'How people become members.',
  'API keys': 'Credentials of programs: minted with scopes, shown once, rotated and revoked.',
  Contacts: 'The people a company talks with.',
  Conversations: 'What was said with a contact, and whether a person has taken over.',
  Messages: 'Single messages of a conversation, with the evidence of an agent’s answer.',
  Agents: 'What answers, and every version of what it was told.',
  'Knowledge sources': 'What agents may quote: texts, files, pages and sites, read into chunks.',
  Chat: 'Ask an agent as a customer would, in JSON or as a stream.',
  'Widget keys': 'By which the pages of a site chat with an agent: public, revocable, and good for nothing else.',
  Widget: 'What a page in a visitor’s browser may do, by a widget key or by the secret of one conversation.',
  Events: 'The durable log of what happened, in sequence, with replay.',
  'Event types': 'The catalog: what can happen, when, and what is told of it.',
  Webhooks: 'Endpoints that are told of events, signed.',
  Backfills: 'What a webhook missed, brought to it in the background.',
  'Event deliveries': 'Every attempt to tell a webhook of an event.',
  Klairo: 'The endpoints that klairo’s page prints, for clients written from it.',
  Chatloom:
    'The endpoints that chatloom’s page prints, for clients written from it: camelCase, flat errors, https by redirect.',
  'Audit logs': 'Who changed what others depend on: keys, webhooks, agents, members, deliveries sent again.',
  'Request logs': 'What became of every request, without what was in it.',
  Documentation: 'This API and the guide, served from here.',
  Health: 'For load balancers and supervisors.',
}

const describeTag = (name: string): Json => {
  const description = tags[name]
  if (!description) throw new Error(`The tag '${name}' has no description in http/openapi.ts.`)
  return { name, description }
}

const serverErrors = [500]
const bodyErrors = [400, 413, 415]

const hoist = (schema: Json, components: Components): Json => {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')
  const { $defs, $schema, ...rest } = JSON.parse(text) as Json & { $defs?: Components }
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id, $schema: _, ...bare } = definition
    components[name] = bare
  }
  return rest
}

const withoutId = (schema: Json, components: Components): Json => {
  const { id, ...rest } = schema
  if (typeof id !== 'string') return schema
  components[id] = rest
  return { $ref: `#/components/schemas/${id}` }
}

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output', components: Components): Json =>
  withoutId(hoist(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json, components), components)

const parametersOf = (endpoint: Endpoint, components: Components): Json[] => {
  const of = (where: 'path' | 'query', schema: z.ZodType | undefined): Json[] => {
    if (!schema) return []
    const { properties = {}, required = [] } = jsonSchema(schema, 'input', components) as {
      properties?: Record<string, Json>
      required?: string[]
    }
    return Object.entries(properties).map(([name, { description, ...rest }]) => ({
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description ? { description } : {}),
      schema: rest,
    }))
  }
  const idempotency = endpoint.idempotency === 'none' ? [] : [{ $ref: '#/components/parameters/IdempotencyKey' }]
  const acting = securityOf(endpoint.access).scope ? [{ $ref: '#/components/parameters/ParleyWorkspace' }] : []
  return [...of('path', endpoint.params), ...of('query', endpoint.query), ...acting, ...idempotency]
}

const multipart = (schema: Json, components: Components): Json => {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1)! : ''
  const own = components[name] ?? schema
  return {
    type: 'object',
    properties: { ...(own.properties as Json), file: { type: 'string', contentMediaType: 'application/octet-stream' } },
    required: ['file'],
  }
}

const requestBodyOf = (endpoint: Endpoint, components: Components): Json | undefined => {
  if (!endpoint.body) return undefined
  const schema = jsonSchema(endpoint.body, 'input', components)
  return {
    required: Array.isArray(schema.required) && schema.required.length > 0,
    content: {
      'application/json': { schema },
      ...(endpoint.acceptsFile ? { 'multipart/form-data': { schema: multipart(schema, components) } } : {}),
    },
  }
}

const titlesOf = (status: number): string =>
  Object.entries(errorTable)
    .filter(([, known]) => known.status === status)
    .map(([code, { title }]) => `${title} (\`${code}\`)`)
    .join('; ')

const errorsOf = (endpoint: Endpoint): number[] => [
  ...(endpoint.access === 'public' ? [] : [400, 401, 403]),
  ...(endpoint.params ? [404] : []),
  ...(endpoint.body ? bodyErrors : []),
  ...(endpoint.idempotency === 'none' ? [] : [409, 422]),
  ...(endpoint.errors ?? []),
  429,
  ...serverErrors,
]

const failureOf = (endpoint: Endpoint, status: number, components: Components): Json =>
  speaksChatloom(endpoint.path)
    ? {
        description: titlesOf(status),
        content: { 'application/json': { schema: jsonSchema(FlatError, 'output', components) } },
      }
    : { $ref: `#/components/responses/Error${status}` }

const responsesOf = (endpoint: Endpoint, components: Components): Json => {
  const success = Object.entries(endpoint.responses).map(([status, schema]) => {
    const stream =
      endpoint.streams && !endpoint.mediaType
        ? { 'text/event-stream': { schema: jsonSchema(endpoint.streams, 'output', components) } }
        : {}
    const content = schema
      ? {
          content: {
            [endpoint.mediaType ?? 'application/json']: { schema: jsonSchema(schema, 'output', components) },
            ...stream,
          },
        }
      : {}
    return [
      status,
      {
        description: endpoint.summary,
        headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
        ...content,
      },
    ]
  })
  const failures = [...new Set(errorsOf(endpoint))]
    .sort((a, b) => a - b)
    .map((status) => [String(status), failureOf(endpoint, status, components)])
  return Object.fromEntries([...success, ...failures])
}

type Security = { security: Json[]; needs?: string; scope?: string }

const keyOrSession: Json[] = [{ bearer: [] }, { apiKey: [] }]

const securityOf = (access: Access): Security => {
  if (access === 'public') return { security: [] }
  if (access === 'session') return { security: [{ session: [] }], needs: 'Only a signed-in user may call it.' }
  if (access === 'widget_key') return { security: [{ widgetKey: [] }], needs: 'Needs a widget key.' }
  if (access === 'conversation_secret')
    return { security: [{ conversationSecret: [] }], needs: 'Needs the secret of this conversation.' }
  if (access === 'any_key') return { security: keyOrSession, needs: 'Any living key may call it.' }
  return { security: keyOrSession, needs: `Needs the scope \`${access}\`.`, scope: access }
}

const operationOf = (endpoint: Endpoint, components: Components): Json => {
  const { needs, security, scope } = securityOf(endpoint.access)
  const description = [endpoint.description, needs].filter(Boolean).join('\n\n')
  const parameters = parametersOf(endpoint, components)
  const requestBody = requestBodyOf(endpoint, components)
  return {
    operationId: endpoint.id,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(description ? { description } : {}),
    security,
    ...(scope ? { 'x-scope': scope } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(endpoint, components),
  }
}

const errorResponses = (): Json =>
  Object.fromEntries(
    [...new Set(Object.values(errorTable).map(({ status }) => status))].map((status) => [
      `Error${status}`,
      {
        description: titlesOf(status),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  )

/** The OpenAPI 3.1 document of the endpoints, by nothing but their declarations. */
export const buildOpenApi = (endpoints: readonly Endpoint[], version: string): Json => {
  const components: Components = {}
  components.Error = jsonSchema(ErrorEnvelope, 'input', components)
  const paths: Record<string, Json> = {}
  for (const endpoint of endpoints)
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: operationOf(endpoint, components),
    }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Parley API',
      version,
      description:
        'AI agents that talk with a company’s customers, and the platform around them. Every failure has the same envelope; every response carries `X-Request-Id` and rate-limit headers.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map(describeTag),
    paths,
    components: {
      ...sharedComponents,
      responses: errorResponses(),
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => a.localeCompare(b))),
    },
  }
}
