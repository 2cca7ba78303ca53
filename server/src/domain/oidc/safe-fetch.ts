import type { CustomFetch } from 'openid-client'
import type { AddressPolicy } from '../../base/address.ts'
import type { SafeHttp } from '../../base/safe-http.ts'

// A discovery document has a few kilobytes, a set of keys with its certificates some tens.
const maxBytes = 256 * 1_024
const deadlineMs = 10_000

const textOf = (body: Parameters<CustomFetch>[1]['body']): string | null => {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('Only text is sent to a provider.')
}

/** The protocol's requests, through the client that refuses private addresses. Redirects are not followed. */
export const createSafeFetch =
  (safeHttp: SafeHttp, policy: AddressPolicy): CustomFetch =>
  async (url, { method, headers, body, signal }) => {
    const response = await safeHttp.send({
      url,
      method,
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'Parley/1.0 (sign-in)' },
      body: textOf(body),
      policy,
      maxBodyBytes: maxBytes,
      deadlineMs,
      ...(signal ? { signal } : {}),
    })
    if (response.truncated) throw new TypeError('The answer of the provider is too large.')
    // Of the headers the protocol reads one, and some that are fine on the wire cannot be said again here.
    const type = response.headers['content-type']
    const isEmpty = [204, 205, 304].includes(response.status)
    return new Response(isEmpty ? null : new Uint8Array(response.body), {
      status: response.status,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  }
