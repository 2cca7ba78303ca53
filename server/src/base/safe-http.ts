import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import {
  AddressError,
  type AddressPolicy,
  bareHost,
  type CompiledPolicy,
  checkUrl,
  compilePolicy,
  type Lookup,
} from './address.ts'
import type { ConnectSettings } from './safe-http-connect.ts'
import { SafeHttpError, type SafeHttpErrorCode } from './safe-http-error.ts'
import { exchange, type SafeHttpResponse } from './safe-http-exchange.ts'
import { createLanes, type Lanes } from './safe-http-lanes.ts'
import { createLookup } from './safe-http-resolver.ts'

export { SafeHttpError, type SafeHttpErrorCode, type Timings } from './safe-http-error.ts'
export type { SafeHttpResponse } from './safe-http-exchange.ts'

/** A request to a place that somebody else chose. */
export type SafeHttpRequest = {
  readonly url: string
  readonly method: string
  /** Sent as given: a caller that lets customers name headers refuses `host` and its own names first. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string | null
  /** Pass the same object each time: it is compiled once. */
  readonly policy: AddressPolicy
  /** Milliseconds for everything, redirects and response body included; 15,000 when not given. */
  readonly deadlineMs?: number
  /** At most so many bytes of the response are kept; when it has more, its socket is destroyed. */
  readonly maxBodyBytes: number
  readonly signal?: AbortSignal
  /** A redirect is an answer like any other unless this says how many to follow. Each is checked as the first URL was. */
  readonly maxRedirects?: number
}

/**
 * The client for every request to an address that a customer or a document chose. It opens as many sockets as there
 * are requests at once: the caller bounds that number.
 */
export type SafeHttp = {
  /** Any status is an answer. Rejects with SafeHttpError alone. */
  readonly send: (request: SafeHttpRequest) => Promise<SafeHttpResponse>
  /** Ends every socket; requests on their way fail as `aborted`. */
  readonly close: () => Promise<void>
}

export type SafeHttpOptions = {
  readonly lookup?: Lookup
  /** IP ranges refused under every policy, such as the database's host. */
  readonly denied?: readonly string[]
  /** Certificate authorities in PEM to trust beside the usual ones. */
  readonly certificateAuthorities?: readonly string[]
  /** Milliseconds for each step of connecting: 2,000, 3,000 and 3,000 when not given. */
  readonly limits?: Partial<ConnectSettings['limits']>
}

type Target = { readonly lanes: Lanes; readonly url: URL; readonly path: string }
type Rules = { readonly policy: CompiledPolicy; readonly targets: Map<string, Target> }

// What is remembered is only the reading of a URL and its empty lanes: forgetting costs a microsecond.
const maxRemembered = 10_000

/** Uses no proxy and follows no environment variable. */
export const createSafeHttp = (options: SafeHttpOptions = {}): SafeHttp => {
  const settings: ConnectSettings = {
    lookup: options.lookup ?? createLookup(),
    secureContext: trusting(options.certificateAuthorities ?? []),
    limits: { dns: 2_000, connect: 3_000, tls: 3_000, ...options.limits },
  }
  const rulesOf = new WeakMap<AddressPolicy, Rules>()
  const rulesByKey = new Map<string, Rules>()
  // By origin and policy: a socket that a sandbox workspace may open must never serve a live one.
  const lanesByKey = new Map<string, Lanes>()
  let closed = false

  const rulesFor = (policy: AddressPolicy): Rules => {
    const known = rulesOf.get(policy)
    if (known) return known
    const compiled = compilePolicy(policy, options.denied)
    const rules = rulesByKey.get(compiled.key) ?? { policy: compiled, targets: new Map() }
    rulesByKey.set(compiled.key, rules)
    rulesOf.set(policy, rules)
    return rules
  }

  const targetFor = (rules: Rules, text: string): Target => {
    const known = rules.targets.get(text)
    if (known) return known
    const url = checkUrl(text, rules.policy)
    if (rules.targets.size >= maxRemembered) forgetUnused()
    const target = { lanes: lanesFor(rules, url), url, path: url.pathname + url.search }
    rules.targets.set(text, target)
    return target
  }

  const lanesFor = ({ policy }: Rules, url: URL): Lanes => {
    const key = `${policy.key} ${url.origin}`
    const known = lanesByKey.get(key)
    if (known) return known
    const secure = url.protocol === 'https:'
    const port = Number(url.port) || (secure ? 443 : 80)
    const lanes = createLanes(url.origin, { hostname: bareHost(url), port, secure }, policy, settings)
    lanesByKey.set(key, lanes)
    return lanes
  }

  const forgetUnused = (): void => {
    for (const { targets } of rulesByKey.values()) targets.clear()
    for (const [key, lanes] of lanesByKey) if (lanes.count() === 0) lanesByKey.delete(key)
  }

  const sendTo = (target: Target, request: SafeHttpRequest, startedAt: number, redirected: boolean) => {
    const { lanes, url, path } = target
    const { method, headers, body, maxBodyBytes, signal, deadlineMs = 15_000 } = request
    const deadlineAt = startedAt + deadlineMs
    return exchange(lanes, {
      url,
      path,
      method,
      headers,
      body,
      maxBodyBytes,
      signal,
      startedAt,
      deadlineAt,
      redirected,
    })
  }

  const send = async (request: SafeHttpRequest): Promise<SafeHttpResponse> => {
    const startedAt = performance.now()
    if (closed || request.signal?.aborted) throw unsent('aborted', 'The request was given up.', startedAt)
    const rules = rulesFor(request.policy)
    const target = checked(() => targetFor(rules, request.url), startedAt, true)
    return request.maxRedirects
      ? follow(rules, target, request, startedAt, request.maxRedirects)
      : sendTo(target, request, startedAt, false)
  }

  const follow = async (rules: Rules, first: Target, request: SafeHttpRequest, startedAt: number, most: number) => {
    let target = first
    let current = request
    for (let followed = 0; ; followed++) {
      const response = await sendTo(target, current, startedAt, followed > 0)
      const location = locationOf(response)
      if (location === undefined) return response
      if (followed === most) throw unsent('too_many_redirects', 'The address redirects too often.', startedAt, false)
      const from = target.url
      target = checked(() => targetFor(rules, absolute(location, from)), startedAt, false)
      current = redirected(current, response.status, target.url.origin === from.origin)
    }
  }

  const close = async (): Promise<void> => {
    closed = true
    await Promise.all(Array.from(lanesByKey.values(), (lanes) => lanes.close()))
  }

  return { send, close }
}

const trusting = (authorities: readonly string[]): SecureContext =>
  createSecureContext(authorities.length === 0 ? {} : { ca: [...getCACertificates('default'), ...authorities] })

const unsent = (
  code: SafeHttpErrorCode,
  message: string,
  startedAt: number,
  beforeFirstByte = true,
  cause?: unknown,
): SafeHttpError => {
  const timings = { dns: null, connect: null, tls: null, ttfb: null, total: performance.now() - startedAt }
  return new SafeHttpError(code, message, { beforeFirstByte, timings, cause })
}

const checked = (find: () => Target, startedAt: number, beforeFirstByte: boolean): Target => {
  try {
    return find()
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    throw unsent('address_refused', error.message, startedAt, beforeFirstByte, error)
  }
}

const locationOf = ({ status, headers }: SafeHttpResponse): string | undefined =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308 ? headers.location : undefined

const absolute = (location: string, base: URL): string =>
  URL.canParse(location, base.href) ? new URL(location, base).href : location

const forStrangers = new Set(['accept', 'accept-language', 'user-agent'])

// As browsers do: 303 always and 301, 302 after POST become GET without a body; another origin gets no credentials.
const redirected = (request: SafeHttpRequest, status: number, sameOrigin: boolean): SafeHttpRequest => {
  const { method, headers = {} } = request
  const becomesGet = status === 303 ? method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST'
  const kept = Object.entries(headers).filter(([name]) => {
    const lower = name.toLowerCase()
    return forStrangers.has(lower) || (sameOrigin && !(becomesGet && lower.startsWith('content-')))
  })
  const next = { ...request, headers: Object.fromEntries(kept) }
  return becomesGet ? { ...next, method: 'GET', body: null } : next
}
