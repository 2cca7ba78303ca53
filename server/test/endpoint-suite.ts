import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { z } from 'zod'
import { newId } from '../src/base/ids.ts'
import { type Scope, scopes } from '../src/domain/scopes.ts'
import { roleScopes } from '../src/domain/users/index.ts'
import { speaksChatloom } from '../src/http/dialects/chatloom/refusal.ts'
import type { Endpoint } from '../src/http/endpoint.ts'
import { errorTable } from '../src/http/errors.ts'
import type { TestRequest, TestResponse } from './app.ts'
import {
  bodies,
  bodyFor,
  credentialFor,
  fixtureIdOf,
  fresh,
  objects,
  objectsByPrefix,
  otherKindsFor,
  preparations,
  shared,
  strangerFor,
  type Tenant,
} from './endpoint-fixtures.ts'
import { makeIds, makerOf, pathWith, segmentsOf } from './endpoint-paths.ts'

/** The caller's workspace, and another one whose objects it must never learn of. */
export type World = {
  own: Tenant
  foreign: Tenant
  /** One object of each kind, made by the first check that asks: some kinds can be made a few times only. */
  foreignIds?: Promise<string[]>
}

type Json = Record<string, unknown>
type ErrorEnvelope = {
  error: {
    code: string
    message: string
    status: number
    request_id: string
    docs_url: string
    param?: string
    details?: Json
  }
}

// --- What every response has ---

const errorsPage = new URL('../../docs/reference/errors.md', import.meta.url)

const documentedAnchors = (): Set<string> | undefined =>
  existsSync(errorsPage)
    ? new Set(
        [...readFileSync(errorsPage, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
          title!.trim().toLowerCase().replaceAll(' ', '-'),
        ),
      )
    : undefined

export const anchors = documentedAnchors()

// A dialect whose errors are one text has no code, no parameter and no details to check.
type FlatError = { error: string }

const assertErrorBody = (response: TestResponse): void => {
  const { error } = response.json<ErrorEnvelope>()
  assert.equal(errorTable[error.code as keyof typeof errorTable]?.status, response.status, response.text)
  assert.equal(error.status, response.status)
  assert.equal(error.request_id, response.headers['x-request-id'])
  assert.ok(error.message.length > 0)
  const { hash, pathname } = new URL(error.docs_url)
  assert.equal(pathname, '/docs/errors')
  if (anchors) assert.ok(anchors.has(hash.slice(1)), `docs/reference/errors.md has no heading for ${hash}`)
}

const assertFlatError = (response: TestResponse): void => {
  const body = response.json<FlatError>()
  assert.deepEqual(Object.keys(body), ['error'])
  assert.ok(typeof body.error === 'string' && body.error.length > 0, response.text)
}

/** What no response may lack, whatever went wrong. */
export const assertWire = (
  response: TestResponse,
  {
    method,
    replayed = false,
    mediaType,
    isFlat = false,
  }: { method: string; replayed?: boolean; mediaType?: string | undefined; isFlat?: boolean },
): void => {
  const { status, headers, text } = response
  assert.ok(status < 500, `${status}: ${text}`)
  assert.match(headers['x-request-id'] ?? '', /^[\w.:-]{1,128}$/)
  for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'])
    assert.match(headers[name] ?? '', /^\d+$/, name)
  assert.match(headers.ratelimit ?? '', /^"default";r=\d+;t=\d+$/)
  assert.match(headers['ratelimit-policy'] ?? '', /^"default";q=\d+;w=60$/)
  const type = status < 400 && mediaType ? mediaType : 'application/json'
  if (text !== '') assert.equal(headers['content-type'], `${type}; charset=utf-8`)
  if (status === 204 || method === 'HEAD') assert.equal(text, '')
  if (status < 400 || method === 'HEAD' || replayed) return
  if (isFlat) assertFlatError(response)
  else assertErrorBody(response)
}

// --- Requests to one endpoint ---

const unknownIds = (endpoint: Endpoint): string[] => segmentsOf(endpoint).map(() => newId())

const hasBody = (endpoint: Endpoint): boolean => endpoint.body !== undefined
const isFlat = ({ path }: Endpoint): boolean => speaksChatloom(path)
const writes = ({ method }: Endpoint): boolean => method !== 'GET'

// The refused requests of an address are limited, and together the endpoints bring more in a minute than it may.
const addressOf = ({ id }: Endpoint): string =>
  `127.0.0.${1 + [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 0)}`

type Sent = TestRequest & { query?: string; method?: string }

const send = async (
  endpoint: Endpoint,
  tenant: Tenant,
  ids: string[],
  { query = '', method = endpoint.method, ...request }: Sent = {},
): Promise<TestResponse> => {
  const from = addressOf(endpoint)
  const response = await tenant.app.call(method, pathWith(endpoint, ids) + query, { from, ...request })
  const replayed = response.headers['idempotency-replayed'] === 'true'
  assertWire(response, { method, replayed, mediaType: endpoint.mediaType, isFlat: isFlat(endpoint) })
  return response
}

const validBody = (endpoint: Endpoint, n = 0): { body?: unknown } =>
  hasBody(endpoint) ? { body: bodyFor(endpoint, n) } : {}

const succeed = async (
  endpoint: Endpoint,
  tenant: Tenant,
  request: Sent = {},
  n = 0,
): Promise<{ ids: string[]; response: TestResponse; sent: Sent }> => {
  const ids = await makeIds(endpoint, tenant)
  await preparations[fixtureIdOf(endpoint)]?.(tenant, ids)
  const made = await fresh[fixtureIdOf(endpoint)]?.(tenant)
  const valid = made
    ? { ...made, ...(hasBody(endpoint) ? { body: made.body } : { body: undefined }) }
    : { key: credentialFor(endpoint, tenant), ...validBody(endpoint, n) }
  const sent = { ...valid, ...request }
  const response = await send(endpoint, tenant, ids, sent)
  assert.ok(
    String(response.status) in endpoint.responses && response.status < 400,
    `${endpoint.id} answered ${response.status}: ${response.text}`,
  )
  return { ids, response, sent }
}

const refused = (response: TestResponse, status: number, code?: string): ErrorEnvelope['error'] => {
  assert.equal(response.status, status, response.text)
  const { error } = response.json<ErrorEnvelope | FlatError>()
  if (typeof error === 'string') return { code: '', message: error, status, request_id: '', docs_url: '' }
  if (code) assert.equal(error.code, code)
  return error
}

// --- JSON schemas, as far as the suite reads them ---

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

const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Schema

const branchesOf = (schema: Schema): Schema[] => {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return inner.length > 0 ? inner.flatMap(branchesOf) : [schema]
}

const propertiesOf = (schema: Schema): Record<string, Schema> =>
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
const mistyped = (schema: Schema): unknown[] => {
  const types = typesOf(schema)
  return types ? samples.filter((value) => !types.has(typeOf(value))) : []
}

/** Which kind of object a field names, told from the example of its id. */
const namedObject = (schema: Schema): string | undefined => {
  const example = branchesOf(schema)
    .flatMap((branch) => branch.examples ?? [])
    .concat(schema.examples ?? [])
  for (const text of example) {
    const prefix = typeof text === 'string' ? /^([a-z]+)_01h455vb4pex5vsknk084sn02q$/.exec(text)?.[1] : undefined
    if (prefix) return objectsByPrefix[prefix]
  }
  return undefined
}

// --- The checks ---

const envelopeMessages = {
  missing: 'Bearer token is missing or invalid.',
  invalid: 'Bearer token is missing or invalid.',
}
const flatMessages = {
  missing: 'API key is required. Please provide it in Authorization or X-API-Key header.',
  invalid: 'The API key is invalid, expired or malformed.',
}

const checkCredentials = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const ids = unknownIds(endpoint)
  const from = `127.1.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`
  const attempt = (request: Sent) => send(endpoint, own, ids, { ...validBody(endpoint), from, ...request })
  const messages = isFlat(endpoint) ? flatMessages : envelopeMessages
  const good = credentialFor(endpoint, own)
  const swapped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0')
  const lookAlike = Buffer.from(good.replace('y', 'у').replace('c', 'с')).toString('latin1')
  for (const key of [
    strangerFor(endpoint, own),
    ...otherKindsFor(endpoint, own),
    swapped,
    good.replace(/^.../, 'plx'),
    `${good}x`,
    good.slice(0, -1),
    lookAlike,
    good.toUpperCase(),
    'x'.repeat(5_000),
  ])
    assert.equal(refused(await attempt({ key }), 401, 'UNAUTHORIZED').message, messages.invalid)
  assert.equal(refused(await attempt({}), 401, 'UNAUTHORIZED').message, messages.missing)
  for (const query of [`?key=${good}`, `?api_key=${good}`, `?access_token=${good}`, `?Authorization=Bearer%20${good}`])
    refused(await attempt({ query }), 401, 'UNAUTHORIZED')
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    good,
    `Basic ${Buffer.from(`${good}:`).toString('base64')}`,
    `Bearer ${good} ${good}`,
    `Bearer ${good},x`,
  ])
    refused(await attempt({ headers: { authorization } }), 401, 'UNAUTHORIZED')
  refused(await attempt({ headers: { 'x-api-key': 'clf_unknown' } }), 401, 'UNAUTHORIZED')
  const twoKeys = refused(
    await attempt({ key: good, headers: { 'x-api-key': strangerFor(endpoint, own) } }),
    400,
    'BAD_REQUEST',
  )
  assert.ok(isFlat(endpoint) || twoKeys.param === 'X-API-Key')
  assert.ok(twoKeys.message.includes('X-API-Key'))
}

const checkSession = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  // Whoever is let in nowhere must not learn what exists, nor what a body would have to be.
  for (const [ids, request] of [
    [await makeIds(endpoint, own), validBody(endpoint)],
    [unknownIds(endpoint), { body: '{' }],
  ] as const) {
    const error = refused(await send(endpoint, own, ids, { key: own.key, ...request }), 403, 'FORBIDDEN')
    assert.equal(error.message, 'Only a signed-in user can do this: send the token of a login, not an API key.')
  }
}

const withoutScope = (wanted: Scope): Scope[] =>
  scopes.filter((scope) => scope !== wanted && scope !== wanted.replace(/:read$/, ':write'))

const checkScope = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const wanted = endpoint.access as Scope
  const lacking = await own.app.makeKey({ workspaceId: own.workspaceId, scopes: withoutScope(wanted) })
  const ids = await makeIds(endpoint, own)
  const error = refused(await send(endpoint, own, ids, { key: lacking, ...validBody(endpoint) }), 403, 'FORBIDDEN')
  if (!isFlat(endpoint)) assert.equal(error.details?.required_scope, wanted)
  assert.ok(error.message.includes(wanted))
  // Whoever may not read must not learn what exists either.
  const unknown = refused(
    await send(endpoint, own, unknownIds(endpoint), { key: lacking, ...validBody(endpoint) }),
    403,
  )
  assert.equal(unknown.message, error.message)
  const exact = await own.app.makeKey({
    workspaceId: own.workspaceId,
    scopes: [wanted, ...(grants[endpoint.id] ?? [])],
  })
  await succeed(endpoint, own, { key: exact }, 1)
}

/** Who hands out rights must hold them. */
const grants: Record<string, readonly Scope[]> = {
  api_keys_create: ['contacts:read'],
  api_keys_rotate: ['contacts:read'],
  api_keys_update: ['contacts:read'],
  invites_create: [...roleScopes.viewer],
  members_update: [...roleScopes.developer],
  members_remove: [...roleScopes.viewer],
  oidc_connection_update: [...roleScopes.admin],
}

const hostileIds = [
  '%00',
  '%2f',
  'x'.repeat(250),
  'x'.repeat(300),
  'x'.repeat(4_000),
  "'%20or%201=1--",
  '%27;drop%20table%20contacts;--',
  'null',
  'undefined',
  '0',
  '-1',
  '%F0%9F%98%80',
  '%ff',
  '%',
  '{id}',
  'cnt_',
  'cnt_00000000000000000000000000',
  'zzz_01h455vb4pex5vsknk084sn02q',
  'cnt_81h455vb4pex5vsknk084sn02q',
  'cnt_01h455vb4pex5vsknk084sn02u',
]

const strangeIds = [
  randomUUID(),
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-0000-0000-000000000000',
  newId().toUpperCase(),
]

const checkPathIds = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
  const request = { key: credentialFor(endpoint, own), ...validBody(endpoint) }
  const mine = await makeIds(endpoint, own)
  const theirs = await makeIds(endpoint, foreign)
  const fresh = unknownIds(endpoint)
  const withoutIds = (text: string) => text.replaceAll(/\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b/g, '<id>')
  for (const [position] of mine.entries()) {
    const at = (id: string) => mine.map((own, i) => (i === position ? id : own))
    const unknownAnswer = refused(await send(endpoint, own, at(fresh[position]!), request), 404, 'NOT_FOUND')
    if (!shared.has(segmentsOf(endpoint)[position]!)) {
      const foreignAnswer = refused(await send(endpoint, own, at(theirs[position]!), request), 404, 'NOT_FOUND')
      assert.equal(withoutIds(foreignAnswer.message), withoutIds(unknownAnswer.message))
      assert.deepEqual(Object.keys(foreignAnswer).sort(), Object.keys(unknownAnswer).sort())
    }
    for (const id of strangeIds) refused(await send(endpoint, own, at(id), request), 404, 'NOT_FOUND')
    for (const id of hostileIds) {
      const response = await send(endpoint, own, at(id), request)
      assert.ok([400, 404].includes(response.status), `${id}: ${response.status} ${response.text}`)
    }
  }
  // What is not ours was not touched either.
  const untouched = await foreign.app.call('GET', pathWith(endpoint, theirs), {
    key: credentialFor(endpoint, foreign),
  })
  assert.ok([200, 405].includes(untouched.status))
}

const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels)

const checkBrokenBodies = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const ids = unknownIds(endpoint)
  const attempt = (body: unknown, headers: Record<string, string> = {}) =>
    send(endpoint, own, ids, {
      key: credentialFor(endpoint, own),
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
  const valid = bodyFor(endpoint, 0)
  const withField = (text: string) =>
    `${JSON.stringify(valid).slice(0, -1)}${Object.keys(valid).length > 0 ? ',' : ''}${text}}`
  const broken = [
    '{',
    'nonsense',
    '[]',
    '"text"',
    '7',
    'null',
    'true',
    '{"a":}',
    "{'a':1}",
    '{"a":1,}',
    '[{}]',
    '\u0000',
    '{}{}',
    deep('[', ']', 40),
    deep('{"a":', '}', 40).replace('}', '1}'),
    deep('[', ']', 100_000),
    withField('"a":1,"a":2'),
    withField('"__proto__":{"admin":true}'),
    withField('"x":"\\u0000"'),
    withField('"x\\u0000":1'),
    withField('"x":1e999'),
    withField('"x":-1e999'),
  ]
  for (const body of broken) refused(await attempt(body), 400, 'BAD_REQUEST')
  refused(await attempt(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])), 400, 'BAD_REQUEST')
  refused(await attempt(Buffer.from([0xed, 0xa0, 0x80])), 400, 'BAD_REQUEST')
  for (const name of ['surprise', 'constructor', 'prototype', 'toString', 'workspace_id', 'id ', 'ключ']) {
    const error = refused(await attempt({ ...valid, [name]: 1 }), 400, 'BAD_REQUEST')
    assert.ok(error.message.includes(`'${name}'`) && error.param === name, error.message)
  }
  refused(
    await attempt(JSON.stringify({ ...valid, x: 'x'.repeat(own.app.deps.settings.bodyLimitBytes) })),
    413,
    'PAYLOAD_TOO_LARGE',
  )
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'application/jsonp',
    'image/png',
    ...(endpoint.acceptsFile ? [] : ['multipart/form-data; boundary=x']),
  ])
    refused(await attempt(JSON.stringify(valid), { 'content-type': type }), 415, 'UNSUPPORTED_MEDIA_TYPE')
  for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/merge-patch+json'])
    assert.notEqual((await attempt(JSON.stringify(valid), { 'content-type': type })).status, 415, type)
}

const checkMistypedFields = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const ids = unknownIds(endpoint)
  for (const [name, schema] of Object.entries(propertiesOf(schemaOf(endpoint.body!)))) {
    for (const value of mistyped(schema)) {
      const error = refused(
        await send(endpoint, own, ids, {
          key: credentialFor(endpoint, own),
          body: { ...bodyFor(endpoint, 0), [name]: value },
        }),
        400,
        'BAD_REQUEST',
      )
      const faults = [error, ...((error.details?.errors ?? []) as { param?: string }[])]
      assert.ok(
        faults.some(({ param }) => param === name || param?.startsWith(`${name}.`) || param?.startsWith(`${name}[`)),
        `${name}=${JSON.stringify(value)}: ${JSON.stringify(error)}`,
      )
    }
    // A megabyte is no text for any field; whatever the answer is, it is an answer.
    for (const value of [
      'x'.repeat(200_000),
      '\ud800',
      '‮',
      -1,
      1e300,
      Number.MAX_SAFE_INTEGER,
      Array.from({ length: 20_000 }, () => 'x'),
    ])
      await send(endpoint, own, ids, {
        key: credentialFor(endpoint, own),
        body: { ...bodyFor(endpoint, 0), [name]: value },
      })
  }
}

const checkIdsInBody = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
  for (const [name, schema] of Object.entries(propertiesOf(schemaOf(endpoint.body!)))) {
    const kind = namedObject(schema)
    if (!kind) continue
    const theirs = await objects[kind]!(foreign, {})
    const ids = await makeIds(endpoint, own)
    await preparations[fixtureIdOf(endpoint)]?.(own, ids)
    const attempt = (id: string) =>
      send(endpoint, own, ids, { key: credentialFor(endpoint, own), body: { ...bodyFor(endpoint, 0), [name]: id } })
    assert.equal(refused(await attempt(theirs), 404, 'NOT_FOUND').param, name)
    assert.equal(refused(await attempt(newId()), 404, 'NOT_FOUND').param, name)
    assert.equal(refused(await attempt(randomUUID()), 404, 'NOT_FOUND').param, name)
    refused(await attempt('zzz_01h455vb4pex5vsknk084sn02q'), 400, 'BAD_REQUEST')
  }
}

const cursorOf = (text: string): string => encodeURIComponent(Buffer.from(text).toString('base64url'))

const hostileValues = [
  '%00',
  '%E0%A4%A',
  '%ff',
  '%F0%9F%98%80',
  'x'.repeat(3_000),
  "'%20or%20''='",
  '%25%27%22%5C',
  '',
  '&',
  '[]',
  '%5B%5D',
  '-1',
  '1e9',
  'null',
  '9007199254740993',
]

// A provider adds parameters of its own.
const takesMore = new Set(['auth_oidc_callback'])

const checkQuery = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
  const ids = await makeIds(endpoint, own)
  const needed = (await fresh[fixtureIdOf(endpoint)]?.(own))?.query?.slice(1)
  const attempt = (query: string) =>
    send(endpoint, own, ids, {
      key: credentialFor(endpoint, own),
      query: needed === undefined ? query : `${query}&${needed}`,
    })
  const properties = propertiesOf(schemaOf(endpoint.query!))
  if ('limit' in properties) {
    for (const limit of [
      '0',
      '-1',
      '1000000000',
      '101',
      '%2220%22',
      'abc',
      '',
      '1.5',
      '0x10',
      '1e1',
      '%2B5',
      '99999999999999999999',
    ])
      assert.equal(refused(await attempt(`?limit=${limit}`), 400, 'BAD_REQUEST').param, 'limit')
    assert.equal((await attempt('?limit=1')).status, 200)
    assert.equal((await attempt('?limit=100')).status, 200)
  }
  if ('cursor' in properties) {
    const strangers = [
      'abc',
      '%00',
      '1',
      'x'.repeat(500),
      cursorOf('1:'),
      cursorOf('1:zzz_01h455vb4pex5vsknk084sn02q'),
      cursorOf('2:usr_01h455vb4pex5vsknk084sn02q'),
      cursorOf('1:doc_01h455vb4pex5vsknk084sn02q'),
      cursorOf("1:' or 1=1 --"),
      cursorOf('2:events<99999999999999999999'),
    ]
    for (const cursor of strangers)
      assert.equal(refused(await attempt(`?cursor=${cursor}`), 400, 'BAD_REQUEST').param, 'cursor')
    refused(await attempt(`?cursor=${'x'.repeat(600)}`), 400, 'BAD_REQUEST')
  }
  if (!takesMore.has(fixtureIdOf(endpoint))) {
    const unknown = refused(await attempt('?surprise=1'), 400, 'BAD_REQUEST')
    assert.ok(unknown.message.includes("'surprise'"))
    refused(await attempt('?__proto__=1'), 400, 'BAD_REQUEST')
  }
  for (const [name, schema] of Object.entries(properties)) {
    for (const value of hostileValues) await attempt(`?${name}=${value}`)
    await attempt(`?${name}=a&${name}=b`)
    await attempt(`?${name}`)
    const kind = namedObject(schema)
    if (!kind) continue
    for (const id of [await objects[kind]!(foreign, {}), newId(), ...strangeIds]) {
      const response = await attempt(`?${name}=${id}`)
      if (response.status === 200) assert.deepEqual(response.json().data, [], `${name} of another workspace`)
      else refused(response, 404, 'NOT_FOUND')
    }
  }
}

const idsOf = async (tenant: Tenant): Promise<string[]> => {
  const ids = []
  for (const [segment, make] of Object.entries(objects))
    if (segment !== 'versions' && !shared.has(segment)) ids.push(await make(tenant, {}))
  return ids
}

const checkOthersStayOut = async (endpoint: Endpoint, world: World): Promise<void> => {
  const { own } = world
  const listed = await send(endpoint, own, await makeIds(endpoint, own), {
    key: credentialFor(endpoint, own),
    query: '?limit=100',
  })
  world.foreignIds ??= idsOf(world.foreign)
  for (const id of await world.foreignIds)
    assert.ok(!listed.text.includes(id), `${endpoint.id} lists ${id} of another workspace`)
}

const storedReplies = async ({ app, workspaceId }: Tenant, key: string) =>
  app.database.system
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    // A visitor's key stands behind the id of their conversation.
    .where('key', 'like', `%${key}`)
    .execute()

const secretsOf = (answer: Json): string[] =>
  ['key', 'secret', 'token', 'recovery_codes']
    .flatMap((name) => answer[name])
    .filter((secret): secret is string => typeof secret === 'string')

const assertSecretsHidden = async (tenant: Tenant, key: string, answer: Json): Promise<void> => {
  const secrets = secretsOf(answer)
  assert.ok(secrets.length > 0, 'an endpoint that answers a secret shows it as one of these')
  const outbox = await tenant.app.database.system
    .selectFrom('event_outbox')
    .select(['head', 'tail'])
    .where('workspace_id', '=', tenant.workspaceId)
    .execute()
  const kept = JSON.stringify([await storedReplies(tenant, key), outbox])
  for (const secret of secrets) {
    assert.ok(!kept.includes(secret))
    assert.ok(!kept.includes(Buffer.from(secret).toString('base64').replaceAll('=', '')))
  }
}

const checkReplay = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const key = `suite-${randomUUID()}`
  const headers = { 'idempotency-key': key }
  const { ids, response: first, sent } = await succeed(endpoint, own, { headers })
  assert.equal(first.headers['idempotency-replayed'], undefined)
  const again = await send(endpoint, own, ids, sent)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.deepEqual([again.status, again.text], [first.status, first.text])
  assert.equal((await storedReplies(own, key)).length, 1)
  if (endpoint.answersSecret) await assertSecretsHidden(own, key, first.json())
  const other = bodies[fixtureIdOf(endpoint)]
    ? { ids, ...validBody(endpoint, 1) }
    : { ids: unknownIds(endpoint), ...validBody(endpoint) }
  if (bodies[fixtureIdOf(endpoint)] || ids.length > 0)
    refused(
      await send(endpoint, own, other.ids, {
        key: sent.key!,
        ...('body' in other ? { body: other.body } : {}),
        headers,
      }),
      422,
      'IDEMPOTENCY_KEY_REUSED',
    )
  for (const value of ['', ' ', 'a b', 'ü', 'x'.repeat(256)])
    refused(
      await send(endpoint, own, ids, { key: sent.key!, ...validBody(endpoint), headers: { 'idempotency-key': value } }),
      400,
      'BAD_REQUEST',
    )
}

const checkHead = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const { ids, response, sent } = await succeed(endpoint, own)
  const again = (await fresh[fixtureIdOf(endpoint)]?.(own)) ?? sent
  const head = await send(endpoint, own, ids, { ...again, method: 'HEAD' })
  assert.equal(head.status, response.status)
  assert.equal(head.headers['content-type'], response.headers['content-type'])
  // `validate` counts the calls of its key, so its text may have grown in between.
  // A stream has no length.
  const lengthOf = ({ headers }: TestResponse) => Number(headers['content-length'] ?? 0)
  assert.ok(Math.abs(lengthOf(head) - lengthOf(response)) <= 1)
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** One path with all its endpoints: OPTIONS says which methods there are, the others are refused with the same list. */
export const pathSuite = (path: string, declared: readonly Endpoint[], world: () => World): void => {
  test(`${path} names its methods and refuses the others`, async () => {
    const { own } = world()
    const endpoint = declared[0]!
    const ids = unknownIds(endpoint)
    const allowed: string[] = declared.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allow = [...allowed, 'OPTIONS'].join(', ')
    const options = await send(endpoint, own, ids, { method: 'OPTIONS' })
    assert.deepEqual([options.status, options.headers.allow], [204, allow])
    for (const method of methods.filter((name) => !allowed.includes(name))) {
      const response = await send(endpoint, own, ids, { method, key: credentialFor(endpoint, own) })
      assert.deepEqual([response.status, response.headers.allow], [405, allow])
    }
    for (const method of ['TRACE', 'PROPFIND']) {
      const response = await send(endpoint, own, ids, { method, key: credentialFor(endpoint, own) })
      assert.ok([404, 405, 501].includes(response.status))
    }
  })
}

/** What the suite needs to know to test an endpoint; a new one that lacks it fails here, by name. */
export const assertTestable = (endpoint: Endpoint): void => {
  const parameters = endpoint.path.match(/\{\w+\}/g) ?? []
  assert.equal(
    segmentsOf(endpoint).length,
    parameters.length,
    `${endpoint.path}: every parameter stands behind the name of its collection`,
  )
  for (const segment of segmentsOf(endpoint))
    assert.ok(
      makerOf(endpoint, segment),
      `endpoint-fixtures.ts cannot make an object for '${segment}' (${endpoint.id})`,
    )
  if (endpoint.body) {
    const parsed = endpoint.body.safeParse(bodyFor(endpoint, 0))
    assert.ok(parsed.success, `endpoint-fixtures.ts has no body that ${endpoint.id} accepts: ${parsed.error?.message}`)
    assert.ok(schemaOf(endpoint.body), endpoint.id)
  }
}

/** The security suite that every endpoint gets. */
export const endpointSuite = (endpoint: Endpoint, world: () => World): void => {
  const check = (name: string, applies: boolean, run: (endpoint: Endpoint, world: World) => Promise<void>) => {
    if (applies) test(`${endpoint.method} ${endpoint.path} ${name}`, () => run(endpoint, world()))
  }
  const isPublic = endpoint.access === 'public'
  // Of a sign-in that is not there nobody is told more than that it is over.
  const ids = endpoint.path.includes('{') && endpoint.id !== 'auth_oidc_callback'
  test(`${endpoint.id} can be tested`, () => assertTestable(endpoint))
  check('succeeds as declared', true, async () => {
    await succeed(endpoint, world().own)
  })
  check('refuses every credential that is not a living key', !isPublic, checkCredentials)
  check('refuses an API key', endpoint.access === 'session', checkSession)
  check('refuses a key without its scope and needs no other', scopes.includes(endpoint.access as Scope), checkScope)
  check('tells nothing about ids that are unknown, foreign or malformed', ids, checkPathIds)
  check('refuses bodies that are broken, too large or of another type', hasBody(endpoint), checkBrokenBodies)
  check('names a field of the wrong type', hasBody(endpoint), checkMistypedFields)
  check('finds no object of another workspace by an id in the body', hasBody(endpoint), checkIdsInBody)
  check('refuses a query that it does not know', endpoint.query !== undefined, checkQuery)
  check(
    'lists nothing of another workspace',
    endpoint.query !== undefined && 'limit' in propertiesOf(schemaOf(endpoint.query)),
    checkOthersStayOut,
  )
  check('answers a repeated request as it did before', writes(endpoint) && endpoint.idempotency !== 'none', checkReplay)
  check('answers HEAD as GET, without the body', endpoint.method === 'GET', checkHead)
}
