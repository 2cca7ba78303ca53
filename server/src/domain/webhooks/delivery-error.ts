import type { SafeHttpErrorCode } from '../../base/safe-http.ts'

/** Why an attempt failed. The network's own words are never shown: they would make of a webhook a port scanner. */
export type DeliveryErrorCode =
  | Exclude<SafeHttpErrorCode, 'aborted' | 'too_many_redirects'>
  | 'http_error'
  | 'redirect'
  | 'endpoint_gone'
  | 'interrupted'
  | 'secret_unavailable'
  | 'webhook_disabled'

const sentences: Record<DeliveryErrorCode, string> = {
  address_refused: 'The URL leads to an address that may not be called.',
  dns_failed: 'The host name could not be resolved.',
  connect_refused: 'The connection was refused.',
  connect_timeout: 'The connection could not be made in time.',
  tls_failed: 'The TLS handshake failed. Check the certificate and its name.',
  reset: 'The connection ended before the answer was complete.',
  timeout: 'The answer did not end within the time allowed.',
  protocol_error: 'The answer was not valid HTTP.',
  http_error: 'The endpoint answered with a status other than 2xx.',
  redirect: 'The endpoint answered with a redirect, which is not followed. Register the address it leads to.',
  endpoint_gone: 'The endpoint answered 410 Gone: it wants no more calls.',
  interrupted: 'The server stopped during the attempt; it is made again at once.',
  secret_unavailable: 'The signing secret could not be opened. Check the secret key of this installation.',
  webhook_disabled: 'The webhook was disabled before the delivery was made.',
}

const isKnown = (code: string): code is DeliveryErrorCode => code in sentences

/** The wire form of a failure; null for none. */
export const presentDeliveryError = (code: string | null): { code: string; message: string } | null =>
  code === null ? null : { code, message: isKnown(code) ? sentences[code] : 'The attempt failed.' }

/** How a status counts: null for success. */
export const errorOfStatus = (status: number): DeliveryErrorCode | null => {
  if (status >= 200 && status < 300) return null
  if (status === 410) return 'endpoint_gone'
  return status >= 300 && status < 400 ? 'redirect' : 'http_error'
}

export const errorOfFailure = (code: SafeHttpErrorCode): DeliveryErrorCode => {
  if (code === 'aborted') return 'interrupted'
  return code === 'too_many_redirects' ? 'redirect' : code
}
