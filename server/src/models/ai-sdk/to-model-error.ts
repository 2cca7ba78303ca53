import { APICallError, InvalidResponseDataError, JSONParseError, StreamProviderError, TypeValidationError } from 'ai'
import { ModelError } from '../model.ts'

/**
 * Maps whatever the provider or the SDK threw. The SDK's own error is not kept as cause because it carries the whole
 * prompt; the network error below it is.
 */
export function toModelError(error: unknown): ModelError {
  if (error instanceof ModelError) return error
  if (APICallError.isInstance(error) || StreamProviderError.isInstance(error)) {
    return fromStatus(error.statusCode, error.message, error.cause)
  }
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
    return new ModelError('invalid_output', 'The provider sent a chunk that is not a chat completion.', {
      retryable: true,
    })
  }
  if (InvalidResponseDataError.isInstance(error)) {
    return new ModelError('unavailable', 'The provider ended its stream early.', { retryable: true })
  }
  return new ModelError('unavailable', 'The connection to the provider failed.', { retryable: true, cause: error })
}

function fromStatus(status: number | undefined, said: string, cause: unknown): ModelError {
  // The SDK reports a connection lost mid-stream with the 200 the stream began with.
  if (status === undefined || status < 400) {
    return new ModelError('unavailable', 'The provider cannot be reached or broke off.', { retryable: true, cause })
  }
  const message = `The provider answered ${status}: ${said.slice(0, 200)}`
  if (status === 429) return new ModelError('rate_limited', message, { retryable: true })
  if (status === 408 || status === 504) return new ModelError('timeout', message, { retryable: true })
  if (status >= 500) return new ModelError('unavailable', message, { retryable: true })
  return new ModelError('rejected', message, { retryable: false })
}
