import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import test, { after, before } from 'node:test'
import { z } from 'zod'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { AppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { accepted, created, defineEndpoint, type Endpoint, noContent, ok, type StreamReply } from './endpoint.ts'
import { createServer } from './server.ts'

const shape = { access: 'public', tag: 'Tests', summary: 'A test' } as const
const got = { ...shape, method: 'GET' } as const
const posted = { ...shape, method: 'POST', idempotency: 'none' } as const

const gone: string[] = []

const endpoints: Endpoint[] = [
  defineEndpoint({
    ...got,
    id: 'fine',
    path: '/fine',
    responses: { 200: z.object({ fine: z.literal(true) }) },
    handler: async () => ok({ fine: true }),
  }),
  defineEndpoint({
    ...got,
    id: 'mine',
    path: '/mine',
    access: 'any_key',
    responses: { 200: z.object({ id: z.string() }) },
    handler: async ({ ctx }) => ok({ id: ctx.requestId }),
  }),
  defineEndpoint({
    ...posted,
    id: 'echo',
    path: '/echo',
    body: z.record(z.string(), z.unknown()),
    responses: { 200: z.object({ body: z.unknown() }) },
    handler: async ({ body }) => ok({ body }),
  }),
  defineEndpoint({
    ...got,
    id: 'fault',
    path: '/fault',
    responses: { 200: z.object({}) },
    handler: async () => Promise.reject(new Error('the password is hunter2')),
  }),
  defineEndpoint({
    ...got,
    id: 'undeclared',
    path: '/undeclared',
    responses: { 200: z.object({}) },
    handler: async () => created({}),
  }),
  defineEndpoint({
    ...got,
    id: 'unnamed',
    path: '/unnamed',
    responses: { 200: z.object({ name: z.string() }) },
    handler: async () => ok({ name: 'Ada', surprise: 1 }),
  }),
  defineEndpoint({
    ...got,
    id: 'misshapen',
    path: '/misshapen',
    responses: { 200: z.object({ name: z.string() }) },
    handler: async () => ok({ name: 7 }),
  }),
  defineEndpoint({
    ...got,
    id: 'body_of_204',
    path: '/body-of-204',
    responses: { 204: null },
    handler: async () => ({ ...noContent(), body: {} }),
  }),
  defineEndpoint({
    ...got,
    id: 'header',
    path: '/header',
    responses: { 202: z.object({}) },
    handler: async () => ({ ...accepted({}), headers: { location: '/elsewhere' } }),
  }),
  defineEndpoint({
    ...got,
    id: 'busy',
    path: '/busy',
    responses: { 200: z.object({}) },
    handler: async () => Promise.reject(new AppError('SERVICE_UNAVAILABLE', 'Busy.', { retryAfter: 7 })),
  }),
  defineEndpoint({
    ...got,
    id: 'stream',
    path: '/stream/{how}',
    idempotency: 'outside',
    params: z.object({ how: z.string() }),
    responses: { 200: z.object({}) },
    streams: z.object({}),
    handler: async ({ params: { how }, signal }): Promise<StreamReply> => ({
      status: 200,
      frames: (async function* () {
        signal.addEventListener('abort', () => gone.push(how))
        if (how === 'refuse') throw new AppError('CONFLICT', 'Not now.')
        yield { id: '1', event: 'text-delta', data: how === 'stray' ? { surprise: 1 } : {} }
        if (how === 'break') throw new Error('broken')
        if (how === 'wait') await once(signal, 'abort')
        yield { id: '2', event: 'text-delta', data: {} }
      })(),
    }),
  }),
]

let app: TestApp
let base: string
let port: number
const logged: unknown[] = []

// It stands still: what an earlier minute still weighs on a limit changes with every moment.
const now = new Date()
const clock = { now: () => now }

before(async () => {
  app = await openTestApp({
    endpoints,
    clock,
    log: { ...silentLog, error: (entry: unknown) => logged.push(entry) } as typeof silentLog,
  })
  base = await app.listen()
  port = Number(new URL(base).port)
})
after(() => app.close())

type Envelope = { error: { code: string; message: string; request_id: string; param?: string } }

test('the request id of the caller comes back, and a bad one is replaced', async () => {
  const idFor = async (id: string) =>
    (await app.call('GET', '/fine', { headers: { 'x-request-id': id } })).headers['x-request-id']
  assert.equal(await idFor('order-1042:retry.2_a'), 'order-1042:retry.2_a')
  for (const bad of ['', 'a b', 'x'.repeat(129), 'a"b', '<script>', 'ü'])
    assert.match((await idFor(bad))!, /^req_[0-9a-f]{32}$/)
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  assert.equal((await app.call('GET', '/mine', { key, headers: { 'x-request-id': 'r-7' } })).json().id, 'r-7')
})

test('a fault of ours is logged whole and answered without a word about it', async () => {
  const response = await app.call('GET', '/fault')
  assert.equal(response.status, 500)
  assert.ok(!response.text.includes('hunter2'))
  assert.equal(response.json<Envelope>().error.request_id, response.headers['x-request-id'])
  assert.ok(logged.some((entry) => String((entry as { err: Error }).err).includes('hunter2')))
})

test('an answer that does not fit its declaration is a fault', async () => {
  for (const path of ['/undeclared', '/misshapen', '/unnamed', '/body-of-204', '/stream/stray'])
    assert.equal((await app.call('GET', path)).status, 500, path)
})

test('headers of a reply and the time to come back are sent', async () => {
  assert.equal((await app.call('GET', '/header')).headers.location, '/elsewhere')
  const busy = await app.call('GET', '/busy')
  assert.deepEqual(
    [busy.status, busy.headers['retry-after'], busy.json<{ error: { retry_after: number } }>().error.retry_after],
    [503, '7', 7],
  )
})

test('who accepts problem+json gets RFC 9457', async () => {
  const response = await app.call('GET', '/busy', { headers: { accept: 'application/problem+json, application/json' } })
  assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.deepEqual(response.json(), {
    type: 'https://parley.test/docs/errors#service_unavailable',
    title: 'Temporarily unavailable',
    detail: 'Busy.',
    instance: response.headers['x-request-id'],
    code: 'SERVICE_UNAVAILABLE',
    status: 503,
    request_id: response.headers['x-request-id'],
    retry_after: 7,
  })
})

test('an endpoint without access keeps the server from starting', () => {
  const { access, ...open } = endpoints[0]!
  assert.throws(() => createServer(app.deps, [open as Endpoint]), /names no access/)
})

/** Sends raw bytes and returns everything that comes back until the connection ends. */
const raw = async (bytes: string | Buffer): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes)
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

const bodyOf = (text: string): Envelope => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

test('bytes that are no HTTP are answered with the envelope', async () => {
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET /fine HTTP/9.9\r\n\r\n',
    'GET /fi ne HTTP/1.1\r\nHost: x\r\n\r\n',
    `GET /fine HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ]) {
    const text = await raw(bytes)
    assert.match(text, /^HTTP\/1\.1 400 /, bytes.slice(0, 40))
    assert.equal(bodyOf(text).error.code, 'BAD_REQUEST')
    assert.match(text, /x-request-id: req_/i)
    assert.match(text, /x-ratelimit-limit: 1200\r\nx-ratelimit-remaining: \d+\r\nx-ratelimit-reset: \d{10}\r\n/i)
  }
})

test('what Node.js would refuse with an empty answer gets the envelope, or an answer', async () => {
  const hostless = await raw('GET /fine HTTP/1.1\r\nConnection: close\r\n\r\n')
  assert.match(hostless, /^HTTP\/1\.1 400 /)
  assert.deepEqual([bodyOf(hostless).error.code, bodyOf(hostless).error.param], ['BAD_REQUEST', 'Host'])
  assert.match(hostless, /x-ratelimit-limit: \d+/i)
  const expecting = await raw('GET /fine HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nConnection: close\r\n\r\n')
  assert.match(expecting, /^HTTP\/1\.1 200 /)
})

test('a header cannot be smuggled into an answer', async () => {
  const text = await raw(
    'GET /fine HTTP/1.1\r\nHost: x\r\nX-Request-Id: a%0d%0aSet-Cookie: b\r\nConnection: close\r\n\r\n',
  )
  assert.ok(!/set-cookie/i.test(text))
  const path = await raw('GET /no%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(path, /^HTTP\/1\.1 404 /)
  assert.ok(!/^set-cookie/im.test(path))
})

test('paths that climb or carry broken escapes stay outside', async () => {
  for (const [path, status] of [
    ['/fine/../fault', 404],
    ['/%', 400],
    ['/fine%', 400],
    ['/%2e%2e/%2e%2e/etc/passwd', 404],
    ['//fine', 404],
    ['/fine/', 404],
    ['/FINE', 404],
    ['/fine;x', 404],
  ] as const) {
    const text = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), path)
    assert.match(text, /x-ratelimit-limit: \d+/i, path)
    assert.ok(bodyOf(text).error.code)
  }
})

const half = async (bytes: string): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

test('slow bodies and half-open connections hold up nobody else', async () => {
  const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a":'
  const stuck = await Promise.all([
    ...Array.from({ length: 100 }, () => half(head)),
    ...Array.from({ length: 100 }, () => half('GET /fine HT')),
  ])
  const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${base}/fine`)))
  assert.ok(answers.every(({ status }) => status === 200))
  for (const socket of stuck) socket.destroy()
  assert.equal((await fetch(`${base}/fine`)).status, 200)
})

test('a body that is announced too large is refused before it is read', async () => {
  const text = await raw(
    `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{`,
  )
  assert.match(text, /^HTTP\/1\.1 413 /)
})

test('a chunked body counts by what arrives', async () => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const text = await raw(
    `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`,
  )
  assert.match(text, /^HTTP\/1\.1 413 /)
})

test('a stream that cannot begin is refused as JSON, and one that breaks is cut', async () => {
  const refused = await fetch(`${base}/stream/refuse`)
  assert.deepEqual([refused.status, ((await refused.json()) as Envelope).error.code], [409, 'CONFLICT'])
  const whole = await fetch(`${base}/stream/whole`)
  assert.match(whole.headers.get('x-ratelimit-limit') ?? '', /^\d+$/)
  assert.equal((await whole.text()).match(/^event:/gm)?.length, 2)
  const broken = await fetch(`${base}/stream/break`)
  assert.equal(broken.status, 200)
  await assert.rejects(broken.text())
  assert.equal((await fetch(`${base}/fine`)).status, 200)
})

test('a handler learns that its reader has left', async () => {
  const leaving = new AbortController()
  const response = await fetch(`${base}/stream/wait`, { signal: leaving.signal })
  await response.body!.getReader().read()
  leaving.abort()
  for (let tries = 0; tries < 1_000 && !gone.includes('wait'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(gone.includes('wait'))
})

test('a header that is sent twice is not read as the first of the two', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const twice = async (name: string, values: string[]): Promise<number> => {
    const sent = values.flatMap((value) => [name, value])
    const asked = request(`${base}/mine`, {
      headers: [...sent, 'Host', new URL(base).host, 'Connection', 'close'],
    }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode!
  }
  assert.equal(await twice('Authorization', [`Bearer ${key}`]), 200)
  assert.equal(await twice('Authorization', [`Bearer ${key}`, 'Bearer ply_test_other']), 400)
  assert.equal(await twice('X-API-Key', [key, 'ply_test_other']), 400)
})

test('a flood of bad keys is limited by address, and living keys do not notice', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const from = '127.77.0.1'
  assert.equal((await app.call('GET', '/mine', { key })).status, 200)
  const statuses = new Map<number, number>()
  for (let i = 0; i < 1_210; i++) {
    const { status, headers } = await app.call('GET', '/mine', { key: 'ply_test_bad', from })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 429) assert.ok(Number(headers['retry-after']) >= 1)
  }
  assert.ok(statuses.get(401)! >= 1_200 && statuses.get(429)! >= 1)
  assert.equal((await app.call('GET', '/mine', { key, from })).status, 200)
})

test('who has a whole network of addresses is one caller', async () => {
  const open = await openTestApp({ database: app.database, clock, settings: { allowPlainHttp: true } })
  const guess = (from: string) => open.call('GET', '/v1/contacts', { key: 'ply_test_bad', from })
  for (let i = 0; i < 1_200; i++) await guess(`2001:db8:7:7::${i.toString(16)}`)
  assert.equal((await guess('2001:db8:7:7:ffff::1')).status, 429)
  assert.equal((await guess('2001:db8:7:8::1')).status, 401)
  await open.close()
})

test('a plan of few requests a minute is held to, and says so on every response', async () => {
  const workspaceId = await app.makeWorkspace()
  await app.database.system.updateTable('workspaces').set({ plan_id: 'free' }).where('id', '=', workspaceId).execute()
  const [first, second] = [await app.makeKey({ workspaceId }), await app.makeKey({ workspaceId })]
  const answers = []
  for (let i = 0; i < 40; i++) answers.push(await app.call('GET', '/mine', { key: i % 2 ? first : second }))
  // Both keys together have what the workspace has.
  assert.equal(answers.filter(({ status }) => status === 200).length, 30)
  assert.deepEqual(
    answers.slice(0, 3).map(({ headers }) => headers['x-ratelimit-remaining']),
    ['29', '28', '27'],
  )
  assert.equal(answers[39]!.json<Envelope>().error.message, 'Too many requests. Slow down and retry after 1 minute.')
})
