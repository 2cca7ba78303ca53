import assert from 'node:assert/strict'
import { newId } from '../../src/base/ids.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { TestResponse } from '../app.ts'
import { fixtureIdOf, fresh, objects } from '../endpoint-fixtures.ts'
import { makeIds } from '../endpoint-paths.ts'
import { refused, send, type World } from './call-endpoint.ts'
import { credentialFor } from './credentials.ts'
import { namedObject, propertiesOf, schemaOf } from './read-schema.ts'
import { strangeIds } from './strange-ids.ts'

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

type Attempt = (query: string) => Promise<TestResponse>

const badLimits = [
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
]

const checkLimit = async (attempt: Attempt): Promise<void> => {
  for (const limit of badLimits)
    assert.equal(refused(await attempt(`?limit=${limit}`), 400, 'BAD_REQUEST').param, 'limit')
  assert.equal((await attempt('?limit=1')).status, 200)
  assert.equal((await attempt('?limit=100')).status, 200)
}

const strangeCursors = [
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

const checkCursor = async (attempt: Attempt): Promise<void> => {
  for (const cursor of strangeCursors)
    assert.equal(refused(await attempt(`?cursor=${cursor}`), 400, 'BAD_REQUEST').param, 'cursor')
  refused(await attempt(`?cursor=${'x'.repeat(600)}`), 400, 'BAD_REQUEST')
}

const checkUnknownName = async (attempt: Attempt): Promise<void> => {
  const unknown = refused(await attempt('?surprise=1'), 400, 'BAD_REQUEST')
  assert.ok(unknown.message.includes("'surprise'"))
  refused(await attempt('?__proto__=1'), 400, 'BAD_REQUEST')
}

const checkIds = async (attempt: Attempt, name: string, foreignId: string): Promise<void> => {
  for (const id of [foreignId, newId(), ...strangeIds]) {
    const response = await attempt(`?${name}=${id}`)
    if (response.status === 200) assert.deepEqual(response.json().data, [], `${name} of another workspace`)
    else refused(response, 404, 'NOT_FOUND')
  }
}

export const checkQuery = async (endpoint: Endpoint, { own, foreign }: World): Promise<void> => {
  const ids = await makeIds(endpoint, own)
  const needed = (await fresh[fixtureIdOf(endpoint)]?.(own))?.query?.slice(1)
  const attempt: Attempt = (query) =>
    send(endpoint, own, ids, {
      key: credentialFor(endpoint, own),
      query: needed === undefined ? query : `${query}&${needed}`,
    })
  const properties = propertiesOf(schemaOf(endpoint.query!))
  if ('limit' in properties) await checkLimit(attempt)
  if ('cursor' in properties) await checkCursor(attempt)
  if (!takesMore.has(fixtureIdOf(endpoint))) await checkUnknownName(attempt)
  for (const [name, schema] of Object.entries(properties)) {
    for (const value of hostileValues) await attempt(`?${name}=${value}`)
    await attempt(`?${name}=a&${name}=b`)
    await attempt(`?${name}`)
    const kind = namedObject(schema)
    if (kind) await checkIds(attempt, name, await objects[kind]!(foreign, {}))
  }
}
