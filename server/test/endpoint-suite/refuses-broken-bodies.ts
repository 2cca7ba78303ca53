import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { bodyFor } from '../endpoint-fixtures.ts'
import { refused, send, unknownIds, type World } from './call-endpoint.ts'
import { credentialFor } from './credentials.ts'
import { mistyped, propertiesOf, schemaOf } from './read-schema.ts'

const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels)

export const checkBrokenBodies = async (endpoint: Endpoint, { own }: World): Promise<void> => {
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
  const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  refused(await attempt(gzipSync(JSON.stringify(valid)), packed), 415, 'UNSUPPORTED_MEDIA_TYPE')
  for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/merge-patch+json'])
    assert.notEqual((await attempt(JSON.stringify(valid), { 'content-type': type })).status, 415, type)
}

export const checkMistypedFields = async (endpoint: Endpoint, { own }: World): Promise<void> => {
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
