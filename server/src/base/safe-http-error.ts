export type SafeHttpErrorCode =
  | 'address_refused'
  | 'dns_failed'
  | 'connect_refused'
  | 'connect_timeout'
  | 'tls_failed'
  | 'reset'
  | 'timeout'
  | 'protocol_error'
  | 'too_many_redirects'
  | 'aborted'

/**
 * Milliseconds. `dns`, `connect` and `tls` are null on a kept socket and where the request did not get that far; `ttfb`
 * runs from the request's first byte to the response's head; `total` from the call to its end.
 */
export type Timings = {
  readonly dns: number | null
  readonly connect: number | null
  readonly tls: number | null
  readonly ttfb: number | null
  readonly total: number
}

/** A request without a whole response. */
export class SafeHttpError extends Error {
  readonly code: SafeHttpErrorCode
  /** Nothing of the request was written, so sending it again cannot do its work twice. */
  readonly beforeFirstByte: boolean
  readonly timings: Timings
  /** The status, when the response had begun. */
  readonly status: number | null
  constructor(code: SafeHttpErrorCode, message: string, facts: Facts) {
    super(message, { cause: facts.cause })
    this.name = 'SafeHttpError'
    this.code = code
    this.beforeFirstByte = facts.beforeFirstByte
    this.timings = facts.timings
    this.status = facts.status ?? null
  }
}

type Facts = { beforeFirstByte: boolean; timings: Timings; status?: number | null; cause?: unknown }

/** Why no socket could be had. */
export class ConnectError extends Error {
  readonly code: SafeHttpErrorCode
  constructor(code: SafeHttpErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ConnectError'
    this.code = code
  }
}

/** The closed code of whatever the network or the HTTP client threw after the socket was there. */
export const codeOfFailure = (error: unknown): SafeHttpErrorCode => {
  if (error instanceof ConnectError) return error.code
  const code = codeOf(error)
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'aborted'
  if (resets.has(code)) return 'reset'
  return code === 'EPROTO' || code.startsWith('ERR_SSL') ? 'tls_failed' : 'protocol_error'
}

const resets = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTCONN', 'UND_ERR_SOCKET'])

/** The `code` of a system error, or an empty text. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
