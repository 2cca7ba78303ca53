import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { CompiledPolicy, Lookup } from './address.ts'
import { ConnectError, codeOf } from './safe-http-error.ts'

/** Whom to connect to. `hostname` is a name or an IP address without brackets. */
export type Peer = { readonly hostname: string; readonly port: number; readonly secure: boolean }

/** What is the same for every connection. Limits are milliseconds for each step. */
export type ConnectSettings = {
  readonly lookup: Lookup
  readonly secureContext: SecureContext
  readonly limits: { readonly dns: number; readonly connect: number; readonly tls: number }
}

/** What is known of a connection so far, in milliseconds for each step. */
export type Phases = { dns: number | null; connect: number | null; tls: number | null; remoteAddress: string | null }

export const noPhases = (): Phases => ({ dns: null, connect: null, tls: null, remoteAddress: null })

/** One of the two is called, once. */
export type Outcome = { readonly opened: (socket: Socket) => void; readonly failed: (error: ConnectError) => void }

/**
 * Opens a socket, deciding on the addresses themselves: those that DNS gave for this very connection, a literal before
 * it is dialled, and the one that the socket reports once connected. Fills in the phases, then tells the outcome.
 * Returns a function that gives up at once and without a call.
 */
export const openSocket = (
  peer: Peer,
  policy: CompiledPolicy,
  settings: ConnectSettings,
  phases: Phases,
  outcome: Outcome,
): (() => void) => {
  const literal = isIP(peer.hostname) !== 0
  if (literal && !policy.allows(peer.hostname)) {
    queueMicrotask(() => outcome.failed(refused(peer.hostname)))
    return () => {}
  }

  let settled = false
  let stepAt = performance.now()
  let timer = literal
    ? setTimeout(timeOut, settings.limits.connect, 'connect_timeout', 'The connection could not be made in time.')
    : setTimeout(timeOut, settings.limits.dns, 'dns_failed', 'The host name could not be resolved in time.')

  const tcp = connectTcp({
    host: peer.hostname,
    port: peer.port,
    lookup: createSocketLookup(peer, policy, settings.lookup, () => {
      phases.dns = endStep()
      timer = setTimeout(
        timeOut,
        settings.limits.connect,
        'connect_timeout',
        'The connection could not be made in time.',
      )
    }),
    autoSelectFamily: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  })
  tcp.on('error', (error) => fail(connectFailure(error)))
  tcp.once('connect', () => {
    phases.connect = endStep()
    phases.remoteAddress = tcp.remoteAddress ?? null
    if (phases.remoteAddress === null || !policy.allows(phases.remoteAddress)) fail(refused(peer.hostname))
    else if (peer.secure) startTls()
    else succeed(tcp)
  })

  function startTls(): void {
    timer = setTimeout(timeOut, settings.limits.tls, 'tls_failed', 'The TLS handshake did not end in time.')
    const secured = connectTls({
      socket: tcp,
      host: peer.hostname,
      ...(literal ? {} : { servername: peer.hostname }),
      secureContext: settings.secureContext,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    })
    const failTls = (error?: Error) => fail(tlsFailure(error))
    secured.on('error', failTls)
    secured.once('close', failTls)
    secured.once('secureConnect', () => {
      phases.tls = endStep()
      secured.off('close', failTls)
      succeed(secured)
    })
  }

  function endStep(): number {
    clearTimeout(timer)
    const began = stepAt
    stepAt = performance.now()
    return stepAt - began
  }

  function timeOut(code: 'dns_failed' | 'connect_timeout' | 'tls_failed', message: string): void {
    fail(new ConnectError(code, message))
  }

  function succeed(socket: Socket): void {
    if (settle()) outcome.opened(socket)
  }

  function fail(error: ConnectError): void {
    if (!settle()) return
    tcp.destroy()
    outcome.failed(error)
  }

  function settle(): boolean {
    if (settled) return false
    settled = true
    clearTimeout(timer)
    return true
  }

  return () => {
    if (settle()) tcp.destroy()
  }
}

// The answer that was judged is the answer that is dialled: nothing resolves the name again in between.
const createSocketLookup =
  (peer: Peer, policy: CompiledPolicy, lookup: Lookup, onResolved: () => void): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname).then(
      (found) => {
        const allowed = found.filter(({ address }) => policy.allows(address))
        const first = allowed[0]
        if (!first) return callback(refused(peer.hostname), [])
        onResolved()
        if (options.all)
          callback(
            null,
            allowed.map(({ address, family }) => ({ address, family })),
          )
        else callback(null, first.address, first.family)
      },
      (error) => callback(new ConnectError('dns_failed', 'The host name could not be resolved.', error), []),
    )
  }

const refused = (hostname: string): ConnectError =>
  new ConnectError('address_refused', `${hostname} does not lead to an address that may be called.`)

const connectFailure = (error: Error): ConnectError => {
  if (error instanceof ConnectError) return error
  return codeOf(error) === 'ETIMEDOUT'
    ? new ConnectError('connect_timeout', 'The connection could not be made in time.', error)
    : new ConnectError('connect_refused', 'The connection was refused.', error)
}

const tlsFailure = (error?: Error): ConnectError =>
  new ConnectError(
    'tls_failed',
    error ? `The TLS handshake failed: ${codeOf(error) || error.name}.` : 'The TLS handshake was cut off.',
    error,
  )
