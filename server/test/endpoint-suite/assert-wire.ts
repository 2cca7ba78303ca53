import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { errorTable } from '../../src/http/errors.ts'
import type { TestResponse } from '../app.ts'

export type ErrorEnvelope = {
  error: {
    code: string
    message: string
    status: number
    request_id: string
    docs_url: string
    param?: string
    details?: Record<string, unknown>
  }
}

const errorsPage = new URL('../../../docs/reference/errors.md', import.meta.url)

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
export type FlatError = { error: string }

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
