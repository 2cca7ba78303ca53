/** Every way a request can fail, as the wire names it. `http/errors.ts` gives each its status and title. */
export type ErrorCode =
  | 'BAD_REQUEST'
  | 'IDEMPOTENCY_KEY_REQUIRED'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'WORKSPACE_SUSPENDED'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'CONFLICT'
  | 'IDEMPOTENCY_IN_PROGRESS'
  | 'EVENTS_EXPIRED'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'UNPROCESSABLE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'UPGRADE_REQUIRED'
  | 'RATE_LIMIT_EXCEEDED'
  | 'INTERNAL_ERROR'
  | 'SERVICE_UNAVAILABLE'

type Extras = {
  /** The field, query parameter or header at fault, in wire spelling. */
  param?: string
  details?: Record<string, unknown>
  /** Whole seconds after which the same request may succeed. */
  retryAfter?: number
  cause?: unknown
}

/** A failure the caller is meant to understand: `message` is shown to them, so it says what to do and holds no secret. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly param: string | undefined
  readonly details: Record<string, unknown> | undefined
  readonly retryAfter: number | undefined
  constructor(code: ErrorCode, message: string, extras: Extras = {}) {
    super(message, { cause: extras.cause })
    this.name = 'AppError'
    this.code = code
    this.param = extras.param
    this.details = extras.details
    this.retryAfter = extras.retryAfter
  }
}

/** The object is missing, or belongs to another workspace: callers must not be able to tell which. */
export const notFound = (noun: string, id: string, param?: string): AppError =>
  new AppError(
    'NOT_FOUND',
    id === ''
      ? `The id of the ${noun} is empty.`
      : `No ${noun} with the id '${id.slice(0, 80)}' exists in this workspace.`,
    { param },
  )
