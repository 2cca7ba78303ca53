import assert from 'node:assert/strict'
import { newId } from '../../src/base/ids.ts'
import { speaksChatloom } from '../../src/http/dialects/chatloom/refusal.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { TestRequest, TestResponse } from '../app.ts'
import { bodyFor, fixtureIdOf, fresh, preparations } from '../endpoint-fixtures.ts'
import { makeIds, pathWith, segmentsOf } from '../endpoint-paths.ts'
import type { Tenant } from '../tenant.ts'
import { assertWire, type ErrorEnvelope, type FlatError } from './assert-wire.ts'
import { credentialFor } from './credentials.ts'

/** The caller's workspace, and another one whose objects it must never learn of. */
export type World = {
  own: Tenant
  foreign: Tenant
  /** One object of each kind, made by the first check that asks: some kinds can be made a few times only. */
  foreignIds?: Promise<string[]>
}

export const unknownIds = (endpoint: Endpoint): string[] => segmentsOf(endpoint).map(() => newId())

export const hasBody = (endpoint: Endpoint): boolean => endpoint.body !== undefined
export const isFlat = ({ path }: Endpoint): boolean => speaksChatloom(path)
export const writes = ({ method }: Endpoint): boolean => method !== 'GET'

// The refused requests of an address are limited, and together the endpoints bring more in a minute than it may.
const addressOf = ({ id }: Endpoint): string =>
  `127.0.0.${1 + [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 0)}`

export type Sent = TestRequest & { query?: string; method?: string }

export const send = async (
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

export const validBody = (endpoint: Endpoint, n = 0): { body?: unknown } =>
  hasBody(endpoint) ? { body: bodyFor(endpoint, n) } : {}

export const succeed = async (
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

export const refused = (response: TestResponse, status: number, code?: string): ErrorEnvelope['error'] => {
  assert.equal(response.status, status, response.text)
  const { error } = response.json<ErrorEnvelope | FlatError>()
  if (typeof error === 'string') return { code: '', message: error, status, request_id: '', docs_url: '' }
  if (code) assert.equal(error.code, code)
  return error
}
