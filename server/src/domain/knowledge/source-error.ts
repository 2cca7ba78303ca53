import { STATUS_CODES } from 'node:http'
import { SafeHttpError, type SafeHttpErrorCode } from '../../base/safe-http.ts'
import { ExtractError } from './text/extract-error.ts'

/** Why a source, or one page of it, could not be read. `message` is for the person who added it. */
export class SourceError extends Error {
  readonly code: string
  /** The same fetch may succeed in a while. */
  readonly retryable: boolean
  constructor(
    code: string,
    message: string,
    { retryable = false, cause }: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.name = 'SourceError'
    this.code = code
    this.retryable = retryable
  }
}

const retryableCodes = new Set<SafeHttpErrorCode>([
  'dns_failed',
  'connect_refused',
  'connect_timeout',
  'reset',
  'timeout',
  'protocol_error',
  'aborted',
])

const wordsFor: Partial<Record<SafeHttpErrorCode, string>> = {
  dns_failed: 'The host name could not be found.',
  connect_refused: 'The server does not accept connections.',
  connect_timeout: 'The server could not be reached.',
  tls_failed: 'The server has no valid certificate.',
  reset: 'The server closed the connection before the page was complete.',
  timeout: 'The server took too long to answer.',
  protocol_error: 'The server gave an answer that is not valid HTTP.',
  too_many_redirects: 'The page redirects too often.',
}

/** The page answered, but not with a page. */
export const statusError = (status: number): SourceError =>
  new SourceError(
    'http_status',
    `The page answered with ${status}${STATUS_CODES[status] ? ` (${STATUS_CODES[status]})` : ''}.`,
    {
      retryable: status === 408 || status === 425 || status === 429 || status >= 500,
    },
  )

/** What went wrong, as the source shows it; undefined for a fault of our own. */
export const toSourceError = (error: unknown): SourceError | undefined => {
  if (error instanceof SourceError) return error
  if (error instanceof ExtractError) return new SourceError(error.code, error.message, { cause: error })
  if (error instanceof SafeHttpError)
    return new SourceError(error.code, wordsFor[error.code] ?? error.message, {
      retryable: retryableCodes.has(error.code),
      cause: error,
    })
  return undefined
}
