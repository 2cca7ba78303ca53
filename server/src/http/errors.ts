import { z } from 'zod'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { DatabaseUnavailableError } from '../database/connection.ts'

/** Status and short title of every code; `docs/reference/errors.md` has a heading for each. */
export const errorTable: Record<ErrorCode, { status: number; title: string }> = {
  BAD_REQUEST: { status: 400, title: 'Malformed request' },
  IDEMPOTENCY_KEY_REQUIRED: { status: 400, title: 'Idempotency key required' },
  UNAUTHORIZED: { status: 401, title: 'Not authenticated' },
  FORBIDDEN: { status: 403, title: 'Not allowed' },
  WORKSPACE_SUSPENDED: { status: 403, title: 'Workspace suspended' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  CONFLICT: { status: 409, title: 'Conflict with the present state' },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, title: 'The same request is still running' },
  EVENTS_EXPIRED: { status: 410, title: 'Events no longer kept' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'Body too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported media type' },
  UNPROCESSABLE: { status: 422, title: 'Well-formed but impossible' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'Idempotency key reused' },
  UPGRADE_REQUIRED: { status: 426, title: 'HTTPS required' },
  RATE_LIMIT_EXCEEDED: { status: 429, title: 'Too many requests' },
  INTERNAL_ERROR: { status: 500, title: 'Internal error' },
  SERVICE_UNAVAILABLE: { status: 503, title: 'Temporarily unavailable' },
}

const code = z
  .custom<ErrorCode>((value) => typeof value === 'string' && value in errorTable)
  .meta({
    type: 'string',
    description: 'Stable and machine-readable. New codes may be added.',
    examples: Object.keys(errorTable),
  })

const failure = {
  code,
  message: z.string().meta({ description: 'Says what to do; for people, not for programs.' }),
  status: z.int(),
  request_id: z.string(),
  docs_url: z.url(),
  param: z.string().optional().meta({ description: 'The field, query parameter or header at fault.' }),
  details: z.record(z.string(), z.unknown()).optional(),
  retry_after: z.int().optional().meta({ description: 'Seconds.' }),
}

/** How every failed request is answered. */
export const ErrorEnvelope = z.object({ error: z.object(failure) })

export type ErrorBody = z.infer<typeof ErrorEnvelope>

export const statusOf = (error: AppError): number => errorTable[error.code].status

const docsUrl = (base: string, code: ErrorCode): string => `${base}/docs/errors#${code.toLowerCase()}`

/** The envelope of every failed request. */
export const errorBody = (error: AppError, requestId: string, publicUrl: string): ErrorBody => ({
  error: {
    code: error.code,
    message: error.message,
    status: statusOf(error),
    request_id: requestId,
    docs_url: docsUrl(publicUrl, error.code),
    ...(error.param === undefined ? {} : { param: error.param }),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.retryAfter === undefined ? {} : { retry_after: error.retryAfter }),
  },
})

const { docs_url: type, message: detail, ...alike } = failure

/** How RFC 9457 has it. */
export const Problem = z.object({ type, title: z.string(), detail, instance: z.string(), ...alike })

/** The same failure as RFC 9457 has it, for callers that accept `application/problem+json`. */
export const problemOf = ({ error: { docs_url, message, ...rest } }: ErrorBody) => ({
  type: docs_url,
  title: errorTable[rest.code].title,
  detail: message,
  instance: rest.request_id,
  ...rest,
})

const transportFailures: Record<string, { code: ErrorCode; message: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is larger than this endpoint accepts.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'BAD_REQUEST',
    message: 'The Content-Length header does not fit the body.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'The Content-Type header is not a media type.',
  },
  FST_ERR_BAD_URL: { code: 'BAD_REQUEST', message: 'The path is not a valid URL path.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'NOT_FOUND', message: 'No id is as long as the one in this path.' },
  ECONNRESET: { code: 'BAD_REQUEST', message: 'The request ended before its body was complete.' },
}

const unavailable = (cause: DatabaseUnavailableError): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'The database is not available right now. Ask again in a moment.', {
    retryAfter: 1,
    cause,
  })

/** What the caller may know of any failure; undefined when it is ours and must be logged and answered blandly. */
export const knownError = (error: unknown): AppError | undefined => {
  if (error instanceof AppError) return error
  if (error instanceof DatabaseUnavailableError) return unavailable(error)
  const { code = '', statusCode = 500 } = (error ?? {}) as { code?: string; statusCode?: number }
  const failure = transportFailures[code]
  if (failure) return new AppError(failure.code, failure.message)
  return code.startsWith('FST_') && statusCode < 500
    ? new AppError('BAD_REQUEST', 'The request could not be read.')
    : undefined
}
