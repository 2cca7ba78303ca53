import type { AddressPolicy } from '../../base/address.ts'
import { type SafeHttp, SafeHttpError, type SafeHttpResponse, type Timings } from '../../base/safe-http.ts'
import { type SigningKeys, signLegacy, signStandard } from '../../base/signature.ts'
import { type CustomHeaders, maskHeaders } from './custom-headers.ts'
import { type DeliveryErrorCode, errorOfFailure, errorOfStatus } from './delivery-error.ts'
import { createMask } from './mask-answer.ts'
import type { DeliveryKeys } from './webhook-keys.ts'

export type Outgoing = {
  url: string
  policy: AddressPolicy
  keys: DeliveryKeys
  /** In the wire form. */
  eventId: string
  eventType: string
  /** The place of the event among the deliveries of this webhook. */
  number: number | null
  /** The webhook's own. */
  customHeaders: CustomHeaders
  /** The exact text of the event. */
  body: Buffer
  /** A plain UUID, the same at every attempt. */
  deliveryId: string
  attempt: number
  /** Sent again by hand, to receivers that may have seen it. */
  replay: boolean
}

export type Attempt = {
  at: Date
  /** As sent, but with the values of the webhook's own headers masked. */
  requestHeaders: Record<string, string>
  /** Null when the answer did not come whole. */
  response: { headers: Record<string, string>; body: string; truncated: boolean } | null
  httpStatus: number | null
  /** Null when the endpoint answered 2xx. */
  errorCode: DeliveryErrorCode | null
  remoteAddress: string | null
  timings: Timings
  /** False when nothing of the request can have reached the endpoint. */
  written: boolean
  /** The version of the secret that was accepted where the one of the legacy signature was not. */
  promoted: number | null
}

export type SendOptions = {
  http: SafeHttp
  /** `Parley` gives `X-Parley-Signature`. */
  brand: string
  /** Milliseconds for everything, the body of the answer included. */
  deadlineMs: number
  signal: AbortSignal
}

const keptBytes = 4_096

const headersOf = (brand: string, outgoing: Outgoing, legacy: SigningKeys, at: Date): Record<string, string> => {
  const { keys, eventId, eventType, number, body, deliveryId, attempt, replay } = outgoing
  const timestamp = Math.floor(at.getTime() / 1_000)
  return {
    'content-type': 'application/json',
    'user-agent': `${brand}-Webhooks/1.0`,
    [`X-${brand}-Event`]: eventType,
    [`X-${brand}-Delivery`]: deliveryId,
    [`X-${brand}-Signature`]: signLegacy(legacy, body),
    [`X-${brand}-Timestamp`]: String(timestamp),
    [`X-${brand}-Attempt`]: String(attempt),
    ...(number === null ? {} : { [`X-${brand}-Delivery-Sequence`]: String(number) }),
    ...(replay ? { [`X-${brand}-Replay`]: '1' } : {}),
    'webhook-id': eventId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': keys.standard.map((secret) => signStandard(secret, eventId, timestamp, body)).join(' '),
  }
}

const worthAnotherTry = (error: unknown): boolean =>
  error instanceof SafeHttpError &&
  error.beforeFirstByte &&
  (error.code === 'connect_refused' || error.code === 'reset')

// A receiver that restarts refuses for a moment. Nothing was written, so a second try cannot deliver twice.
const post = async (
  outgoing: Outgoing,
  headers: Record<string, string>,
  options: SendOptions,
): Promise<SafeHttpResponse> => {
  const startedAt = performance.now()
  const { url, policy, body } = outgoing
  const send = () =>
    options.http.send({
      url,
      policy,
      method: 'POST',
      headers,
      body,
      maxBodyBytes: keptBytes,
      deadlineMs: options.deadlineMs - (performance.now() - startedAt),
      signal: options.signal,
    })
  return send().catch((error) => {
    if (worthAnotherTry(error)) return send()
    throw error
  })
}

type Mask = (text: string) => string

const flatten = (headers: SafeHttpResponse['headers'], mask: Mask): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, mask([value ?? ''].flat().join(', '))]))

// PostgreSQL's text cannot hold NUL.
const textOf = (body: Buffer, mask: Mask): string => mask(body.toString('utf8').replaceAll('\0', ''))

const rounded = ({ dns, connect, tls, ttfb, total }: Timings): Timings => {
  const round = (ms: number) => Math.round(ms * 100) / 100
  const phase = (ms: number | null) => (ms === null ? null : round(ms))
  return { dns: phase(dns), connect: phase(connect), tls: phase(tls), ttfb: phase(ttfb), total: round(total) }
}

const sendOnce = async (outgoing: Outgoing, legacy: SigningKeys, at: Date, options: SendOptions): Promise<Attempt> => {
  const ours = headersOf(options.brand, outgoing, legacy, at)
  const { customHeaders } = outgoing
  const requestHeaders = { ...maskHeaders(Object.keys(customHeaders)), ...ours }
  try {
    const answer = await post(outgoing, { ...customHeaders, ...ours }, options)
    const mask = createMask(customHeaders)
    return {
      at,
      requestHeaders,
      response: {
        headers: flatten(answer.headers, mask),
        body: textOf(answer.body, mask),
        truncated: answer.truncated,
      },
      httpStatus: answer.status,
      errorCode: errorOfStatus(answer.status),
      remoteAddress: answer.remoteAddress,
      timings: rounded(answer.timings),
      written: true,
      promoted: null,
    }
  } catch (error) {
    if (!(error instanceof SafeHttpError)) throw error
    return {
      at,
      requestHeaders,
      response: null,
      httpStatus: error.status,
      errorCode: errorOfFailure(error.code),
      remoteAddress: null,
      timings: rounded(error.timings),
      written: !error.beforeFirstByte,
      promoted: null,
    }
  }
}

// How receivers answer a signature that they do not know.
const refusals = [400, 401, 403]

/**
 * Signs an event both ways and posts it. A failure of the network is an outcome, not a throw. While a rotation is under
 * way, a receiver that refuses one secret gets the event again in the same attempt, signed with each of the others.
 */
export const sendDelivery = async (outgoing: Outgoing, at: Date, options: SendOptions): Promise<Attempt> => {
  const startedAt = performance.now()
  const { legacy, others } = outgoing.keys
  const first = await sendOnce(outgoing, legacy, at, options)
  if (first.httpStatus === null || !refusals.includes(first.httpStatus)) return first
  for (const { version, keys } of others) {
    const deadlineMs = options.deadlineMs - (performance.now() - startedAt)
    const again = await sendOnce(outgoing, keys, at, { ...options, deadlineMs })
    if (again.errorCode === null) return { ...again, promoted: version }
  }
  return first
}
