import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { AppError } from '../../base/errors.ts'
import { SafeHttpError } from '../../base/safe-http.ts'

export type ProviderErrorCode = 'unreachable' | 'not_a_provider' | 'issuer_differs' | 'refused' | 'not_verified'

/** What went wrong with a provider. The message is for the person who signs in, or who set the connection up. */
export class ProviderError extends Error {
  readonly code: ProviderErrorCode
  /** The provider's own word for it, or the check that its answer did not pass. */
  readonly reason: string | undefined
  constructor(code: ProviderErrorCode, message: string, reason?: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ProviderError'
    this.code = code
    this.reason = reason
  }
}

// Whatever a stranger calls an error is told again only where it looks like the name of one.
const nameOf = (text: string): string => (/^[\w.-]{1,64}$/.test(text) ? text : 'unknown_error')

const networkError = (error: unknown): SafeHttpError | undefined => {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof SafeHttpError) return at
  return undefined
}

/** The provider stands where it was looked for, and says that it is another. */
export const issuerDiffers = (issuer: unknown): ProviderError =>
  new ProviderError(
    'issuer_differs',
    typeof issuer === 'string'
      ? `The provider calls itself '${issuer.slice(0, 200)}': give that as the issuer, to the letter.`
      : 'The provider does not say which issuer it is.',
  )

const differs = 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'

const issuerFound = ({ cause }: ClientError): unknown =>
  (cause as { body?: { issuer?: unknown } } | undefined)?.body?.issuer

/** Reads what the protocol's library threw; anything that it did not throw comes back as it is. */
export const toProviderError = (error: unknown): unknown => {
  if (error instanceof ProviderError) return error
  const network = networkError(error)
  if (network)
    return new ProviderError(
      'unreachable',
      network.code === 'address_refused' ? network.message : 'The provider does not answer.',
      network.code,
      error,
    )
  if (error instanceof ClientError && error.code === differs) return issuerDiffers(issuerFound(error))
  if (error instanceof AuthorizationResponseError)
    return new ProviderError('refused', 'The provider did not let you in.', nameOf(error.error), error)
  if (error instanceof ResponseBodyError)
    return new ProviderError('refused', 'The provider refused to confirm the sign-in.', nameOf(error.error), error)
  if (error instanceof ClientError || error instanceof TypeError)
    return new ProviderError('not_verified', 'The answer of the provider is not right.', codeOf(error), error)
  return error
}

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? nameOf(error.code.toLowerCase()) : undefined

/** What a person who signs in is told: UNAUTHORIZED, or SERVICE_UNAVAILABLE where it is the network. */
export const signInError = (error: unknown): unknown => {
  const known = toProviderError(error)
  if (!(known instanceof ProviderError)) return known
  const details = known.reason === undefined ? {} : { details: { reason: known.reason } }
  if (known.code === 'unreachable')
    return new AppError('SERVICE_UNAVAILABLE', `${known.message} Try again later.`, details)
  return new AppError('UNAUTHORIZED', `${known.message} Begin the sign-in again.`, details)
}
