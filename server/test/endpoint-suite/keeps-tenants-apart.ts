import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { newId } from '../../src/base/ids.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { bodyFor, fixtureIdOf, objects, preparations, shared } from '../endpoint-fixtures.ts'
import { makeIds, pathWith, segmentsOf } from '../endpoint-paths.ts'
import type { Tenant } from '../tenant.ts'
import { refused, send, unknownIds, validBody, type World } from './call-endpoint.ts'
import { credentialFor } from './credentials.ts'
import { namedObject, propertiesOf, schemaOf } from './read-schema.ts'
import { strangeIds } from './strange-ids.ts'

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

export const checkPathIds = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
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

export const checkIdsInBody = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
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

const idsOf = async (tenant: Tenant): Promise<string[]> => {
  const ids = []
  for (const [segment, make] of Object.entries(objects))
    if (segment !== 'versions' && !shared.has(segment)) ids.push(await make(tenant, {}))
  return ids
}

export const checkOthersStayOut = async (endpoint: Endpoint, world: World): Promise<void> => {
  const { own } = world
  const listed = await send(endpoint, own, await makeIds(endpoint, own), {
    key: credentialFor(endpoint, own),
    query: '?limit=100',
  })
  world.foreignIds ??= idsOf(world.foreign)
  for (const id of await world.foreignIds)
    assert.ok(!listed.text.includes(id), `${endpoint.id} lists ${id} of another workspace`)
}
