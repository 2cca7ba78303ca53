import assert from 'node:assert/strict'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { TestResponse } from '../app.ts'
import { fixtureIdOf, fresh } from '../endpoint-fixtures.ts'
import { send, succeed, unknownIds, type World } from './call-endpoint.ts'
import { credentialFor } from './credentials.ts'

export const checkHead = async (endpoint: Endpoint, { own }: World): Promise<void> => {
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

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY']

/** OPTIONS says which methods a path has, the others are refused with the same list. */
export const checkMethods = async (declared: readonly Endpoint[], { own }: World): Promise<void> => {
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
  const unheardOf = await send(endpoint, own, ids, { method: 'PROPFIND', key: credentialFor(endpoint, own) })
  assert.equal(unheardOf.status, 404)
}
