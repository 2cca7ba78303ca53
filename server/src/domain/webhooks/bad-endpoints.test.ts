import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import test, { after, before } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Certificate, makeCertificates } from '../../../test/certificates.ts'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { startReceiver } from '../../../test/receiver.ts'
import type { Lookup, ResolvedAddress } from '../../base/address.ts'
import type { Database } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { EventDeliveryWithAttempts } from './contract.ts'
import { makeNote, makeOutside, type Outside, startDelivering, until } from './delivering.fixture.ts'
import { createWebhook, getDelivery, listDeliveries, presentAttempt, presentDelivery } from './index.ts'

const certificates = makeCertificates()

let database: Database
const servers: Server[] = []
const sockets = new Set<Socket>()

before(async () => {
  database = await openTestDatabase()
})
after(async () => {
  for (const server of servers) server.close()
  for (const socket of sockets) socket.destroy()
  await database.close()
})

const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Answers the first bytes of each connection by hand. */
const raw = (answer: (socket: Socket) => void): Promise<number> =>
  listen(createTcpServer((socket) => void socket.once('data', () => answer(socket))))

const saying = (text: string | Buffer): Promise<number> => raw((socket) => socket.end(text))

const every =
  (ms: number, text: string, first = '') =>
  (socket: Socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(text), ms)
    socket.on('close', () => clearInterval(timer))
  }

// Made once: all endpoints live in this process, and whoever computes keeps the others from answering.
const bomb = gzipSync(Buffer.alloc(20_000_000))
const large = Buffer.alloc(10_000_000, 'x')

const closedPort = async (): Promise<number> => {
  const server = createTcpServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}

const secured = async (certificate: Certificate): Promise<number> =>
  listen(createTlsServer(certificate, (_, response) => response.end()))

// Only the public name servers are missing: who answers, and how often it changes its mind, is up to the endpoint.
const resolve = async (name: string, asked: number): Promise<readonly ResolvedAddress[]> => {
  const at = (...addresses: string[]) =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  if (name === 'unknown.test') throw new Error('NXDOMAIN')
  if (name === 'silent.test') return new Promise(() => undefined)
  if (name === 'empty.test') return []
  if (name === 'inside.test') return at('10.0.0.1', '169.254.169.254', 'fd00:ec2::254', '::ffff:192.168.0.1')
  if (name === 'rebinding.test') return asked === 1 ? at('127.0.0.1') : at('169.254.169.254')
  return at('127.0.0.1')
}

const countingLookup = (): Lookup => {
  const asked = new Map<string, number>()
  return (name) => {
    asked.set(name, (asked.get(name) ?? 0) + 1)
    return resolve(name, asked.get(name)!)
  }
}

/** What each bad endpoint is, where it is, and what becomes of its two deliveries. */
type Bad = { url: string; becomes: string[] }

const twice = (outcome: string): string[] => [outcome, outcome]

const ok = (headers: string, body = ''): string => `HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`

const badEndpoints = async (): Promise<Record<string, Bad>> => {
  const on = (port: number, becomes: string[], name = 'hooks.test'): Bad => ({
    url: `http://${name}:${port}/`,
    becomes,
  })
  const answering = async (status: number, headers: Record<string, string> = {}): Promise<number> =>
    listen(
      createServer(
        (request, response) => void request.resume().on('end', () => response.writeHead(status, headers).end()),
      ),
    )
  const closing = await saying(ok('content-length: 0\r\nconnection: close'))
  const plain: Record<string, Bad> = {
    refuses: on(await closedPort(), twice('failed null connect_refused')),
    hangs: on(await raw(() => undefined), twice('failed null timeout')),
    'drips its head': on(await raw(every(20, 'x: y\r\n', 'HTTP/1.1 200 OK\r\n')), twice('failed null timeout')),
    'drips its body': on(await raw(every(20, '.', ok('content-length: 100000'))), twice('failed 200 timeout')),
    'resets at once': on(await raw((socket) => socket.resetAndDestroy()), twice('failed null reset')),
    'resets within the body': on(
      await raw((socket) =>
        socket.write(ok('content-length: 100', 'half'), () => setTimeout(() => socket.resetAndDestroy(), 20)),
      ),
      twice('failed 200 reset'),
    ),
    'answers 10 MB': on(
      await listen(createServer((_, response) => response.end(large))),
      twice('delivered 200 undefined'),
    ),
    'answers a bomb': on(
      await listen(createServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))),
      twice('delivered 200 undefined'),
    ),
    'redirects inside': on(await answering(302, { location: 'http://10.0.0.1/' }), twice('failed 302 redirect')),
    'redirects to metadata': on(
      await answering(307, { location: 'http://169.254.169.254/latest/meta-data/' }),
      twice('failed 307 redirect'),
    ),
    'is not modified': on(await answering(304), twice('failed 304 redirect')),
    'answers 200 too late': on(
      await listen(createServer((_, response) => void setTimeout(() => response.end(), 60_000).unref())),
      twice('failed null timeout'),
    ),
    'wants less': on(await answering(429, { 'retry-after': '86400' }), twice('failed 429 http_error')),
    'wants it in the past': on(
      await answering(503, { 'retry-after': 'Wed, 11 Mar 2020 11:29:00 GMT' }),
      twice('failed 503 http_error'),
    ),
    'is gone': on(await answering(410), ['pending 410 endpoint_gone', 'pending null undefined']),
    'has huge headers': on(await saying(ok(`x: ${'y'.repeat(100_000)}`)), twice('failed null protocol_error')),
    'speaks no HTTP': on(await saying('220 mail.example.com ESMTP\r\n'), twice('failed null protocol_error')),
    'says two lengths': on(
      await saying(ok('content-length: 1\r\ntransfer-encoding: chunked')),
      twice('failed null protocol_error'),
    ),
    'gives hints for ever': on(await raw(every(5, 'HTTP/1.1 103 Early Hints\r\n\r\n')), twice('failed null timeout')),
    'leads inside': on(closing, twice('failed null address_refused'), 'inside.test'),
    'leads inside the second time': on(
      closing,
      ['delivered 200 undefined', 'failed null address_refused'],
      'rebinding.test',
    ),
    'leads nowhere': on(closing, twice('failed null address_refused'), 'empty.test'),
    'is not known': on(closing, twice('failed null dns_failed'), 'unknown.test'),
    'has a silent name server': on(closing, twice('failed null dns_failed'), 'silent.test'),
  }
  if (!certificates) return plain
  const behind = async (certificate: Certificate, becomes: string): Promise<Bad> => ({
    url: `https://hooks.test:${await secured(certificate)}/`,
    becomes: twice(becomes),
  })
  return {
    ...plain,
    'has a good certificate': await behind(certificates.good, 'delivered 200 undefined'),
    'signed its certificate itself': await behind(certificates.selfSigned, 'failed null tls_failed'),
    'has an expired certificate': await behind(certificates.expired, 'failed null tls_failed'),
    'has the certificate of another': await behind(certificates.wrongName, 'failed null tls_failed'),
    'speaks no TLS': { url: `https://hooks.test:${closing}/`, becomes: twice('failed null tls_failed') },
  }
}

const detailsOf = async (ctx: Ctx, webhookId: string) => {
  const { rows } = await listDeliveries(ctx, { webhookId }, { limit: 100, after: null })
  return Promise.all(
    rows.reverse().map(async ({ id }) => {
      const { row, attempts } = await getDelivery(ctx, id)
      return EventDeliveryWithAttempts.parse({ ...presentDelivery(row), attempts: attempts.map(presentAttempt) })
    }),
  )
}

const outsideOf = (schedule: readonly number[]): Outside =>
  makeOutside(schedule, {
    lookup: countingLookup(),
    certificateAuthorities: certificates ? [certificates.authority] : [],
    limits: { dns: 300 },
  })

const sentences = /ECONN|ETIMEDOUT|ENOTFOUND|127\.0|10\.0|169\.254|CERT_|undici|UND_ERR/

test('each bad endpoint fails in its own way, and beside all of them a healthy one gets everything', async () => {
  const [ctx, outside, healthy] = [
    makeCtx(database, await makeWorkspace(database)),
    outsideOf([0]),
    await startReceiver(),
  ]
  const endpoints = await badEndpoints()
  const bad = new Map<string, string>()
  for (const [kind, { url }] of Object.entries(endpoints)) {
    const filter = [{ path: 'data.n', op: 'lte' as const, value: 2 }]
    const { row } = await createWebhook(ctx, { url, events: ['note.*'], filter, fifo: true }, outside)
    bad.set(kind, row.id)
  }
  const { row: well } = await createWebhook(ctx, { url: healthy.url, events: ['note.*'] }, outside)
  const { stop } = startDelivering(database, outside, { deadlineMs: 5_000 })
  try {
    for (let n = 1; n <= 50; n++) await makeNote(ctx, n)
    await until('the healthy one has got everything', () => healthy.received.length === 50)
    for (const [kind, id] of bad) {
      const { becomes } = endpoints[kind]!
      const waiting = becomes.filter((outcome) => outcome.startsWith('pending')).length
      await until(`${kind}: both are settled`, async () => {
        const { rows } = await listDeliveries(ctx, { webhookId: id }, { limit: 10, after: null })
        const tried = rows.filter(({ status, error_code }) => status !== 'pending' || error_code !== null).length
        return tried >= (waiting > 0 ? 1 : 2)
      })
    }
  } finally {
    await stop()
    await outside.safeHttp.close()
    await healthy.stop()
  }
  for (const [kind, id] of bad) {
    const details = await detailsOf(ctx, id)
    assert.deepEqual(
      details.map(({ status, http_status, error }) => `${status} ${http_status} ${error?.code}`),
      endpoints[kind]!.becomes,
      kind,
    )
    for (const { error, attempts } of details) {
      assert.doesNotMatch(JSON.stringify([error, attempts.map((attempt) => attempt.error)]), sentences, kind)
      for (const { response } of attempts) assert.ok(Buffer.byteLength(response?.body ?? '', 'latin1') <= 4_096, kind)
    }
  }
  const delivered = await detailsOf(ctx, well.id)
  assert.equal(delivered.length, 50)
  assert.ok(delivered.every(({ status, attempt_count }) => status === 'delivered' && attempt_count === 1))
})

test('while others hang without end, a healthy endpoint is served all the same', async () => {
  const [ctx, outside, healthy] = [
    makeCtx(database, await makeWorkspace(database)),
    outsideOf([0]),
    await startReceiver(),
  ]
  const open = new Set<Socket>()
  const hanging = await raw((socket) => void open.add(socket))
  for (let n = 0; n < 30; n++) {
    const url = `http://h${n}.hooks.test:${hanging}/`
    await createWebhook(ctx, { url, events: ['note.*'], max_in_flight: 32 }, outside)
  }
  await createWebhook(ctx, { url: healthy.url, events: ['note.*'] }, outside)
  // Nobody waits for this: whatever hangs, hangs until the worker stops.
  const { stop } = startDelivering(database, outside, { deadlineMs: 600_000 })
  try {
    await makeNote(ctx, 0)
    await until('all thirty hang', () => open.size === 30)
    for (let n = 1; n <= 200; n++) await makeNote(ctx, n)
    await until('the healthy one has got everything', () => healthy.received.length === 201)
    assert.ok(
      [...open].every((socket) => !socket.destroyed),
      'the others hang still',
    )
  } finally {
    await stop(0)
    await outside.safeHttp.close()
    await healthy.stop()
  }
})

test('an answer that comes after the deadline is no success, whatever it says, and the event is sent again', async () => {
  const [ctx, outside] = [makeCtx(database, await makeWorkspace(database)), outsideOf([0, 0.1])]
  const late: (() => void)[] = []
  const receiver = await startReceiver()
  receiver.respond((_, response, { number }) => {
    if (number === 0) late.push(() => response.writeHead(200).end('too late'))
    else response.writeHead(200).end('in time')
  })
  const { row } = await createWebhook(ctx, { url: receiver.url, events: ['note.*'] }, outside)
  const { stop } = startDelivering(database, outside, { deadlineMs: 1_000 })
  try {
    await makeNote(ctx, 1)
    await until('the deadline has passed', async () => {
      const [delivery] = await detailsOf(ctx, row.id)
      return delivery?.error?.code === 'timeout' || delivery?.status === 'delivered'
    })
    for (const answer of late) answer()
    await until('it is delivered', async () => (await detailsOf(ctx, row.id))[0]?.status === 'delivered')
  } finally {
    await stop()
    await outside.safeHttp.close()
    await receiver.stop()
  }
  const [delivery] = await detailsOf(ctx, row.id)
  assert.deepEqual(
    delivery!.attempts.map(({ http_status, error, response }) => [http_status, error?.code, response?.body]),
    [
      [null, 'timeout', undefined],
      [200, undefined, 'in time'],
    ],
  )
})
