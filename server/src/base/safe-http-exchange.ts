import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { codeOfFailure, SafeHttpError, type SafeHttpErrorCode, type Timings } from './safe-http-error.ts'
import type { Lane, Lanes } from './safe-http-lanes.ts'

/** A request to an origin that is already chosen. Times are readings of `performance.now()`. */
export type Call = {
  readonly url: URL
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly body: Buffer | string | null | undefined
  readonly maxBodyBytes: number
  readonly signal: AbortSignal | undefined
  readonly startedAt: number
  readonly deadlineAt: number
  /** Earlier requests of the same call were sent, so this one's failure cannot say that nothing was. */
  readonly redirected: boolean
}

/** `truncated` when the body had more than the bytes asked for; `url` is where the answer came from, after redirects. */
export type SafeHttpResponse = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly truncated: boolean
  readonly remoteAddress: string
  readonly url: string
  readonly timings: Timings
}

type Exchange = Dispatcher.DispatchHandler & {
  readonly call: Call
  readonly lanes: Lanes
  readonly lane: Lane
  readonly resolve: (response: SafeHttpResponse) => void
  readonly reject: (error: SafeHttpError) => void
  readonly chunks: Buffer[]
  timer: NodeJS.Timeout | undefined
  onAbort: (() => void) | undefined
  settled: boolean
  writtenAt: number | null
  ttfb: number | null
  status: number | null
  headers: IncomingHttpHeaders
  size: number
}

/** Sends one request on a lane and reads its response. Rejects with SafeHttpError alone. */
export const exchange = (lanes: Lanes, call: Call): Promise<SafeHttpResponse> =>
  new Promise((resolve, reject) => {
    const lane = lanes.take()
    const self: Exchange = {
      ...steps,
      call,
      lanes,
      lane,
      resolve,
      reject,
      chunks: [],
      timer: undefined,
      onAbort: undefined,
      settled: false,
      writtenAt: null,
      ttfb: null,
      status: null,
      headers: {},
      size: 0,
    }
    self.timer = setTimeout(expire, call.deadlineAt - performance.now(), self)
    if (call.signal) {
      self.onAbort = () => fail(self, 'aborted', 'The request was given up.')
      call.signal.addEventListener('abort', self.onAbort, { once: true })
    }
    const { path, method, headers, body } = call
    lane.client.dispatch({ path, method: method as Dispatcher.HttpMethod, headers, body }, self)
  })

const steps = {
  onRequestStart(this: Exchange): void {
    this.writtenAt = performance.now()
  },

  onResponseStart(this: Exchange, _: unknown, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.settled) return
    this.ttfb = performance.now() - (this.writtenAt ?? 0)
    this.status = status
    this.headers = headers
  },

  onResponseData(this: Exchange, _: unknown, chunk: Buffer): void {
    if (this.settled) return
    const room = this.call.maxBodyBytes - this.size
    this.chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
    this.size += Math.min(chunk.length, room)
    if (chunk.length > room) succeed(this, true)
  },

  onResponseEnd(this: Exchange): void {
    succeed(this, false)
  },

  onResponseError(this: Exchange, _: unknown, error: Error): void {
    fail(this, codeOfFailure(error), error.message, error)
  },
}

const expire = (self: Exchange): void => fail(self, 'timeout', 'The response did not end in time.')

const succeed = (self: Exchange, truncated: boolean): void => {
  if (self.settled) return
  const timings = settle(self)
  const { lane, lanes, status, headers, chunks, size } = self
  lane.fresh = false
  if (truncated) lanes.drop(lane)
  else lanes.giveBack(lane)
  self.resolve({
    status: status ?? 0,
    headers,
    body: Buffer.concat(chunks, size),
    truncated,
    url: self.call.url.href,
    remoteAddress: lane.phases.remoteAddress ?? '',
    timings,
  })
}

const fail = (self: Exchange, code: SafeHttpErrorCode, message: string, cause?: unknown): void => {
  if (self.settled) return
  const timings = settle(self)
  self.lanes.drop(self.lane)
  const beforeFirstByte = self.writtenAt === null && !self.call.redirected
  self.reject(new SafeHttpError(code, message, { beforeFirstByte, timings, status: self.status, cause }))
}

const settle = (self: Exchange): Timings => {
  self.settled = true
  clearTimeout(self.timer)
  if (self.onAbort) self.call.signal?.removeEventListener('abort', self.onAbort)
  const { fresh, phases } = self.lane
  return {
    dns: fresh ? phases.dns : null,
    connect: fresh ? phases.connect : null,
    tls: fresh ? phases.tls : null,
    ttfb: self.ttfb,
    total: performance.now() - self.call.startedAt,
  }
}
