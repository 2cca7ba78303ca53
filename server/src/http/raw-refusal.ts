import { AppError } from '../base/errors.ts'
import { errorBody } from './errors.ts'
import { requestIdOf } from './request-id.ts'

/** The answer to bytes that never became a request, with the headers of every response. */
export const rawRefusal = (
  error: Error & { code?: string },
  publicUrl: string,
  headers: Record<string, string>,
): string => {
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const id = requestIdOf(undefined)
  const body = JSON.stringify(
    errorBody(
      new AppError('BAD_REQUEST', late ? 'The request took too long to arrive.' : 'The request is not valid HTTP.'),
      id,
      publicUrl,
    ),
  )
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
