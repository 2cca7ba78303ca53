import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What events are delivered to: bare node:http, in a process of its own. Usage: receiver.ts ENDPOINTS [HANGING], with IPC.
 * Answers every message with what was received since the last `reset`.
 */
export type Receivers = {
  ports: number[]
  /** They take every request and never answer. */
  hanging: number[]
  failing: number
  slow: number
  dripping: number
  big: number
}

/** `received` and the times, in ms of the machine's monotonic clock, are of the well-behaved endpoints alone. */
export type Receipts = { received: number; firstAt: number; lastAt: number; at: [name: string, time: number][] }

/** `receivers`: the answer is where they listen. `noteBy`: which header names a delivery, or `external_id` of the body; null to keep no times of single deliveries. */
export type Ask = {
  receivers?: boolean
  reset?: boolean
  noteBy?: 'webhook-id' | 'x-bench' | 'x-parley-delivery' | 'external_id' | null
  withTimes?: boolean
}

const [endpoints = '1', silent = '0'] = process.argv.slice(2)
const slowMs = 14_000
const dripMs = 500
const big = Buffer.alloc(10 * 1_048_576, 'x')

const state = { received: 0, firstAt: 0, lastAt: 0, noteBy: null as Ask['noteBy'], at: [] as [string, number][] }
const now = () => Number(process.hrtime.bigint()) / 1e6

const listen = async (listener: RequestListener): Promise<number> => {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const well: RequestListener = (request, response) => {
  const { noteBy } = state
  let text = ''
  request.on('data', (chunk) => {
    if (noteBy === 'external_id') text += chunk
  })
  request.on('end', () => {
    state.lastAt = now()
    state.firstAt ||= state.lastAt
    state.received++
    const name = noteBy === 'external_id' ? /"external_id":"([^"]+)"/.exec(text)?.[1] : request.headers[noteBy ?? '']
    if (typeof name === 'string') state.at.push([name, state.lastAt])
    response.writeHead(200, { 'content-length': 2 }).end('ok')
  })
}

const ports: number[] = []
for (let n = 0; n < Number(endpoints); n++) ports.push(await listen(well))
const hanging: number[] = []
for (let n = 0; n < Number(silent); n++) hanging.push(await listen((request) => request.resume()))
const receivers: Receivers = {
  ports,
  hanging,
  failing: await listen((request, response) => {
    request.resume().on('end', () => response.writeHead(500).end('no'))
  }),
  slow: await listen((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.writeHead(200).end('late'), slowMs))
  }),
  dripping: await listen((request, response) => {
    request.resume()
    response.writeHead(200)
    const drip = setInterval(() => response.write('.'), dripMs)
    response.on('close', () => clearInterval(drip))
  }),
  big: await listen((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-length': big.length }).end(big))
    response.on('error', () => undefined)
  }),
}

process.on('message', ({ receivers: asked, reset, noteBy, withTimes }: Ask) => {
  if (asked) return process.send!(receivers)
  const { received, firstAt, lastAt, at } = state
  const receipts: Receipts = { received, firstAt, lastAt, at: withTimes ? at : [] }
  if (reset) Object.assign(state, { received: 0, firstAt: 0, lastAt: 0, at: [] })
  if (noteBy !== undefined) state.noteBy = noteBy
  return process.send!(receipts)
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
console.log('listening')
