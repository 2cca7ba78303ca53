import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, isIP, type Server, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { makeCertificates } from '../../test/certificates.ts'
import type { AddressPolicy, Lookup } from './address.ts'
import {
  createSafeHttp,
  SafeHttpError,
  type SafeHttpErrorCode,
  type SafeHttpOptions,
  type SafeHttpRequest,
} from './safe-http.ts'

const live: AddressPolicy = { allowHttp: false, allowLoopback: false, allowCidrs: [] }
const liveHttp: AddressPolicy = { allowHttp: true, allowLoopback: false, allowCidrs: [] }
const sandbox: AddressPolicy = { allowHttp: true, allowLoopback: true, allowCidrs: [] }

const answerFor =
  (...addresses: string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address, family: isIP(address) }))

const open = (t: TestContext, options: SafeHttpOptions = {}) => {
  const client = createSafeHttp({ lookup: answerFor('127.0.0.1'), ...options })
  t.after(() => client.close())
  return (url: string, request: Partial<SafeHttpRequest> = {}) =>
    client.send({ url, method: 'POST', body: '{}', policy: sandbox, maxBodyBytes: 4096, ...request })
}

const listen = async (t: TestContext, server: Server, host = '127.0.0.1') => {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets, connections: () => connections }
}

const serve = (t: TestContext, listener: RequestListener, host?: string) => listen(t, createServer(listener), host)
const serveRaw = (t: TestContext, onData: (socket: Socket) => void) =>
  listen(
    t,
    createTcpServer((socket) => socket.once('data', () => onData(socket))),
  )

const failure = async (promise: Promise<unknown>, code: SafeHttpErrorCode): Promise<SafeHttpError> => {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof SafeHttpError, String(error))
    assert.equal(error.code, code, error.message)
    assert.ok(error.timings.total >= 0)
    return error
  }
  throw new assert.AssertionError({ message: `expected ${code}` })
}

const readBody = async (request: AsyncIterable<Buffer>): Promise<string> => {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

test('a request arrives as it was given and its response comes back whole', async (t) => {
  const send = open(t)
  const { port } = await serve(t, async (request, response) => {
    const body = await readBody(request)
    response.setHeader('x-twice', ['a', 'b'])
    response
      .writeHead(202)
      .end(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-one']} ${body}`)
  })
  const response = await send(`http://127.0.0.1:${port}/a%20b?c=d#e`, {
    body: Buffer.from('{"é":1}'),
    headers: { 'X-One': '1' },
  })
  assert.equal(response.status, 202)
  assert.equal(response.body.toString(), `POST /a%20b?c=d 127.0.0.1:${port} 1 {"é":1}`)
  assert.deepEqual(response.headers['x-twice'], ['a', 'b'])
  assert.equal(response.truncated, false)
  assert.equal(response.remoteAddress, '127.0.0.1')
  assert.equal(response.timings.dns, null)
  assert.ok(response.timings.connect !== null && response.timings.ttfb !== null)
  assert.equal(response.timings.tls, null)
})

test('a socket is used again, and then reports no connecting', async (t) => {
  const send = open(t)
  const server = await serve(t, (_, response) => void response.end('ok'))
  const first = await send(`http://hooks.test:${server.port}/1`)
  const second = await send(`http://hooks.test:${server.port}/2`)
  assert.ok(first.timings.dns !== null && first.timings.connect !== null)
  assert.deepEqual([second.timings.dns, second.timings.connect], [null, null])
  assert.ok(second.timings.ttfb !== null)
  assert.equal(second.remoteAddress, '127.0.0.1')
  assert.equal(server.connections(), 1)
})

test('a socket that its server closed is replaced without a failure', async (t) => {
  const send = open(t)
  const server = await serve(t, (_, response) => void response.end('ok'))
  for (let i = 0; i < 3; i++) {
    assert.equal((await send(`http://hooks.test:${server.port}/`)).status, 200)
    for (const socket of server.sockets) {
      socket.destroy()
      await once(socket, 'close')
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.equal(server.connections(), 3)
})

test('many requests at once each get their own answer', async (t) => {
  const send = open(t)
  const server = await serve(t, async (request, response) => void response.end(await readBody(request)))
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => send(`http://hooks.test:${server.port}/`, { body: `${i}` })),
    )
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      Array.from({ length: 100 }, (_, i) => `${i}`),
    )
  }
  assert.ok(server.connections() <= 100)
})

test('no spelling of a private address makes a live workspace open a socket', async (t) => {
  const send = open(t, { lookup: answerFor('127.0.0.1', '::1', '10.0.0.1', '169.254.169.254') })
  const { port, connections } = await serve(t, (_, response) => void response.end('inside'))
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '①②⑦.0.0.1',
    '0',
    '0.0.0.0',
    'localhost',
    'a.localhost',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    'inside.example',
    '127.0.0.1.nip.io',
  ]
  for (const host of hosts) {
    for (const policy of [live, liveHttp]) {
      const error = await failure(send(`http://${host}:${port}/`, { policy }), 'address_refused')
      assert.equal(error.beforeFirstByte, true)
    }
  }
  assert.equal(connections(), 0)
})

test('a URL refused on sight is refused in words its owner understands', async (t) => {
  const send = open(t)
  assert.match((await failure(send('http://example.com/', { policy: live }), 'address_refused')).message, /https:/)
  assert.match((await failure(send('https://u:p@example.com/'), 'address_refused')).message, /password/)
  assert.match((await failure(send('https://example.com:25/'), 'address_refused')).message, /Port 25/)
  await failure(send('nonsense'), 'address_refused')
})

test('a name that changes its mind after the check is refused at the next connection', async (t) => {
  const answers = ['127.0.0.2', '127.0.0.1', '169.254.169.254', '127.0.0.2']
  const send = open(t, { lookup: async () => [{ address: answers.shift()!, family: 4 }] })
  const policy = { allowHttp: true, allowLoopback: false, allowCidrs: ['127.0.0.2/32'] }
  const outside = await serve(
    t,
    (_, response) => void response.setHeader('connection', 'close').end('outside'),
    '127.0.0.2',
  )
  const inside = createServer((_, response) => void response.end('inside')).listen(outside.port, '127.0.0.1')
  t.after(() => inside.close())
  let reached = 0
  inside.on('connection', () => reached++)
  const url = `http://rebind.test:${outside.port}/`
  assert.equal((await send(url, { policy })).body.toString(), 'outside')
  await failure(send(url, { policy }), 'address_refused')
  await failure(send(url, { policy }), 'address_refused')
  assert.equal((await send(url, { policy })).remoteAddress, '127.0.0.2')
  assert.equal(reached, 0)
})

test('of several addresses only the allowed ones are dialled', async (t) => {
  const send = open(t, { lookup: answerFor('169.254.169.254', '10.0.0.1', 'not an address', '127.0.0.1') })
  const { port } = await serve(t, (_, response) => void response.end('ok'))
  assert.equal((await send(`http://hooks.test:${port}/`)).remoteAddress, '127.0.0.1')
})

test('the connected address counts, not the one that was dialled', async (t) => {
  const send = open(t)
  const { port } = await serve(t, (_, response) => void response.end('inside'))
  const policy = { allowHttp: true, allowLoopback: false, allowCidrs: ['0.0.0.0/32'] }
  const error = await failure(send(`http://0.0.0.0:${port}/`, { policy }), 'address_refused')
  assert.equal(error.beforeFirstByte, true)
})

test('a denied range stays closed to every policy', async (t) => {
  const send = open(t, { denied: ['127.0.0.0/8'] })
  await failure(send('http://127.0.0.1:9/'), 'address_refused')
  await failure(send('http://hooks.test:8080/'), 'address_refused')
})

test('a socket opened for a sandbox workspace never serves a live one', async (t) => {
  const send = open(t)
  const { port, connections } = await serve(t, (_, response) => void response.end('inside'))
  const url = `http://hooks.test:${port}/`
  await send(url)
  await failure(send(url, { policy: liveHttp }), 'address_refused')
  await send(url, { policy: { ...sandbox } })
  assert.equal(connections(), 1)
})

test('IPv6 loopback works where it is allowed', async (t) => {
  const send = open(t, { lookup: answerFor('::1') })
  const server = await serve(t, (_, response) => void response.end('six'), '::1').catch(() => null)
  if (!server) return t.skip('this machine has no IPv6')
  for (const host of ['[::1]', 'localhost', 'hooks.test']) {
    const response = await send(`http://${host}:${server.port}/`)
    assert.deepEqual([response.body.toString(), response.remoteAddress], ['six', '::1'])
  }
  await failure(send(`http://[::1]:${server.port}/`, { policy: liveHttp }), 'address_refused')
})

test('a proxy named in the environment is not used', async (t) => {
  const proxy = await serve(t, (_, response) => void response.end('proxied'))
  const before = process.env.HTTP_PROXY
  process.env.HTTP_PROXY = process.env.http_proxy = `http://127.0.0.1:${proxy.port}`
  t.after(() => {
    delete process.env.http_proxy
    if (before === undefined) delete process.env.HTTP_PROXY
    else process.env.HTTP_PROXY = before
  })
  const send = open(t)
  const { port } = await serve(t, (_, response) => void response.end('direct'))
  assert.equal((await send(`http://hooks.test:${port}/`)).body.toString(), 'direct')
  assert.equal(proxy.connections(), 0)
})

test('a redirect is an answer unless following was asked for', async (t) => {
  const send = open(t)
  const { port } = await serve(t, (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end())
  const response = await send(`http://hooks.test:${port}/`)
  assert.equal(response.status, 302)
  assert.equal(response.headers.location, '/elsewhere')
})

test('redirects are followed as browsers do, up to the given number', async (t) => {
  const send = open(t)
  const seen: string[] = []
  const { port } = await serve(t, async (request, response) => {
    seen.push(
      `${request.method} ${request.url} ${await readBody(request)} ${request.headers.authorization ?? '-'} ${request.headers['content-type'] ?? '-'}`,
    )
    const next: Record<string, [number, string]> = {
      '/a': [307, '/b'],
      '/b': [303, `http://other.test:${port}/c`],
      '/c': [301, 'd'],
    }
    const [status, location] = next[request.url!] ?? [200, '']
    response.writeHead(status, location ? { location } : {}).end('end')
  })
  const headers = { authorization: 'Bearer x', 'content-type': 'text/plain' }
  const response = await send(`http://hooks.test:${port}/a`, { body: 'hi', headers, maxRedirects: 3 })
  assert.equal(response.body.toString(), 'end')
  assert.equal(response.url, `http://other.test:${port}/d`)
  assert.deepEqual(seen, [
    'POST /a hi Bearer x text/plain',
    'POST /b hi Bearer x text/plain',
    'GET /c  - -',
    'GET /d  - -',
  ])
  const error = await failure(send(`http://hooks.test:${port}/a`, { maxRedirects: 2 }), 'too_many_redirects')
  assert.equal(error.beforeFirstByte, false)
})

test('no redirect leads to a place that the first URL could not name', async (t) => {
  const send = open(t)
  let location = ''
  const { port } = await serve(t, (_, response) => void response.writeHead(302, { location }).end())
  const places = [
    'http://169.254.169.254/latest/',
    'http://10.0.0.1/',
    'https://0xa9fea9fe/',
    '//[fd00:ec2::254]/',
    'file:///etc/passwd',
    'gopher://hooks.test/',
    'http://u:p@hooks.test/',
    'http://hooks.test:25/',
    'http://intranet/',
    'http://[',
  ]
  for (location of places) {
    const error = await failure(send(`http://hooks.test:${port}/`, { maxRedirects: 5 }), 'address_refused')
    assert.equal(error.beforeFirstByte, false)
  }
})

test('a redirect to a name that resolves to a private address is refused', async (t) => {
  const send = open(t, {
    lookup: async (host) => [{ address: host === 'hooks.test' ? '127.0.0.1' : '10.0.0.1', family: 4 }],
  })
  const { port } = await serve(
    t,
    (_, response) => void response.writeHead(302, { location: 'http://inside.test/' }).end(),
  )
  await failure(send(`http://hooks.test:${port}/`, { maxRedirects: 5 }), 'address_refused')
})

test('a body longer than asked for is cut there and its socket destroyed', async (t) => {
  const send = open(t)
  const closed = Promise.withResolvers<number>()
  const { port } = await serve(t, (request, response) => {
    request.socket.on('close', () => closed.resolve(request.socket.bytesWritten))
    response.end(Buffer.alloc(10_000_000, 'x'))
  })
  const response = await send(`http://hooks.test:${port}/`)
  assert.equal(response.status, 200)
  assert.equal(response.truncated, true)
  assert.equal(response.body.toString(), 'x'.repeat(4096))
  await closed.promise
})

test('a body of exactly the length asked for is whole, and nothing may be asked for', async (t) => {
  const send = open(t)
  const { port } = await serve(
    t,
    (request, response) => void response.end(request.url === '/empty' ? '' : 'x'.repeat(4096)),
  )
  const whole = await send(`http://hooks.test:${port}/`)
  assert.deepEqual([whole.body.length, whole.truncated], [4096, false])
  const none = await send(`http://hooks.test:${port}/`, { maxBodyBytes: 0 })
  assert.deepEqual([none.body.length, none.truncated], [0, true])
  const empty = await send(`http://hooks.test:${port}/empty`, { maxBodyBytes: 0 })
  assert.deepEqual([empty.body.length, empty.truncated], [0, false])
})

test('a server that drips or never answers is left at the deadline', async (t) => {
  const send = open(t)
  const { port } = await serve(t, (request, response) => {
    if (request.url === '/hang') return
    const timer = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(timer))
  })
  const drip = await failure(send(`http://hooks.test:${port}/drip`, { deadlineMs: 100 }), 'timeout')
  assert.deepEqual([drip.status, drip.beforeFirstByte], [200, false])
  assert.ok(drip.timings.ttfb !== null)
  const hang = await failure(send(`http://hooks.test:${port}/hang`, { deadlineMs: 50 }), 'timeout')
  assert.deepEqual([hang.status, hang.beforeFirstByte, hang.timings.ttfb], [null, false, null])
})

test('the deadline covers redirects together', async (t) => {
  const send = open(t)
  const { port } = await serve(t, (_, response) => {
    setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 20)
  })
  await failure(send(`http://hooks.test:${port}/`, { maxRedirects: 1_000_000, deadlineMs: 150 }), 'timeout')
})

test('a reset before, within and instead of the response is a reset', async (t) => {
  const send = open(t)
  const cuts: [string, number | null][] = [
    ['', null],
    ['HTTP/1.1 200 OK\r\n', null],
    ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', 200],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf', 200],
  ]
  for (const [text, status] of cuts) {
    for (const end of ['resetAndDestroy', 'end'] as const) {
      const { port } = await serveRaw(t, (socket) => socket.write(text, () => setTimeout(() => socket[end](), 20)))
      const error = await failure(send(`http://hooks.test:${port}/`), 'reset')
      assert.deepEqual([error.beforeFirstByte, error.status], [false, status], text)
    }
  }
})

test('a closed port refuses, before anything is written', async (t) => {
  const send = open(t)
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const error = await failure(send(`http://hooks.test:${port}/`), 'connect_refused')
  assert.equal(error.beforeFirstByte, true)
  assert.ok(error.timings.dns !== null)
  assert.equal(error.timings.connect, null)
})

// A process that listens and never accepts: once its queue is full, the kernel leaves a caller without an answer.
const deafListener = `
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

test('an address that never answers fails while connecting', { skip: process.platform !== 'linux' }, async (t) => {
  const child = spawn(process.execPath, ['-e', deafListener], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = await once(child.stdout, 'data')
  for (let connected = true; connected; ) {
    const filler = connect(Number(port), '127.0.0.1').on('error', () => {})
    t.after(() => filler.destroy())
    connected = await Promise.race([once(filler, 'connect').then(() => true), delay(100, false)])
  }
  const send = open(t, { limits: { connect: 100 } })
  await assert.rejects(send(`http://hooks.test:${port}/`, { deadlineMs: 50 }), {
    code: 'timeout',
    beforeFirstByte: true,
  })
  const error = await failure(send(`http://hooks.test:${port}/`), 'connect_timeout')
  assert.equal(error.beforeFirstByte, true)
})

test('a name that is unknown, empty, slow or broken fails in DNS', async (t) => {
  const never = new Promise<never>(() => {})
  const lookups: Lookup[] = [() => Promise.reject(new Error('NXDOMAIN')), () => never]
  for (const lookup of lookups) {
    const error = await failure(open(t, { lookup, limits: { dns: 50 } })('http://hooks.test/'), 'dns_failed')
    assert.equal(error.beforeFirstByte, true)
  }
  await failure(open(t, { lookup: answerFor() })('http://hooks.test/'), 'address_refused')
})

test('what is not HTTP is a protocol error', async (t) => {
  const send = open(t)
  const answers = [
    'garbage\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
  ]
  for (const text of answers) {
    const { port } = await serveRaw(t, (socket) => socket.write(text))
    const error = await failure(send(`http://hooks.test:${port}/`), 'protocol_error')
    assert.equal(error.beforeFirstByte, false)
  }
})

test('a header that would split the request is not sent', async (t) => {
  const send = open(t)
  const { port, connections } = await serve(t, (_, response) => void response.end())
  await failure(send(`http://hooks.test:${port}/`, { headers: { 'x-a': 'b\r\nx-c: d' } }), 'protocol_error')
  await failure(send(`http://hooks.test:${port}/`, { headers: { 'x a': 'b' } }), 'protocol_error')
  await failure(send(`http://hooks.test:${port}/`, { headers: { 'transfer-encoding': 'chunked' } }), 'protocol_error')
  assert.equal(connections(), 0)
})

test('early hints are passed over', async (t) => {
  const send = open(t)
  const { port } = await serveRaw(t, (socket) =>
    socket.end('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nx-real: yes\r\n\r\n'),
  )
  const response = await send(`http://hooks.test:${port}/`)
  assert.deepEqual([response.status, response.headers['x-real'], response.headers.link], [204, 'yes', undefined])
})

test('a server that sends nothing but informational answers is left at the deadline', async (t) => {
  const send = open(t)
  const { port } = await serveRaw(t, (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(200)), 1)
    socket.on('close', () => clearInterval(timer))
  })
  const spam = await failure(send(`http://hooks.test:${port}/`, { deadlineMs: 200 }), 'timeout')
  assert.deepEqual([spam.status, spam.timings.ttfb], [null, null])
})

test('an offer to switch protocols that nobody asked for is no answer', async (t) => {
  const send = open(t)
  const { port, sockets } = await serveRaw(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  )
  const error = await send(`http://hooks.test:${port}/`, { deadlineMs: 5_000 }).catch((thrown) => thrown)
  assert.ok(error instanceof SafeHttpError)
  assert.ok(['reset', 'protocol_error'].includes(error.code), error.code)
  for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close')
})

test('a compressed body is not unpacked: what is kept is what was sent', async (t) => {
  const send = open(t)
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const { port } = await serve(
    t,
    (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  )
  const response = await send(`http://hooks.test:${port}/`)
  assert.deepEqual([response.truncated, response.body], [true, bomb.subarray(0, 4_096)])
})

test('answer headers of hostile names are kept as names', async (t) => {
  const send = open(t)
  const { port } = await serveRaw(t, (socket) =>
    socket.end(
      'HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\ntoString: z\r\ntoString: w\r\ncontent-length: 0\r\n\r\n',
    ),
  )
  const { headers } = await send(`http://hooks.test:${port}/`)
  assert.equal(Object.getPrototypeOf(headers), Object.prototype)
  assert.deepEqual(
    Object.entries(headers)
      .filter(([name]) => name !== 'content-length')
      .sort(),
    [
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['tostring', ['z', 'w']],
    ],
  )
})

test('a request given up before or during its flight is aborted', async (t) => {
  const send = open(t)
  const controller = new AbortController()
  const { port, sockets } = await serve(t, () => controller.abort())
  const during = await failure(send(`http://hooks.test:${port}/`, { signal: controller.signal }), 'aborted')
  assert.equal(during.beforeFirstByte, false)
  const before = await failure(send(`http://hooks.test:${port}/`, { signal: controller.signal }), 'aborted')
  assert.equal(before.beforeFirstByte, true)
  for (const socket of sockets) await once(socket, 'close')
})

test('closing ends requests on their way, connecting ones too, and refuses new ones', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const { port } = await serve(t, () => arrived.resolve())
  const client = createSafeHttp({
    lookup: (host) =>
      host === 'slow.test' ? new Promise(() => {}) : Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  })
  const request = { method: 'POST', policy: sandbox, maxBodyBytes: 1 }
  const flying = failure(client.send({ ...request, url: `http://hooks.test:${port}/` }), 'aborted')
  const connecting = failure(client.send({ ...request, url: 'http://slow.test/' }), 'aborted')
  await arrived.promise
  await client.close()
  assert.equal((await flying).beforeFirstByte, false)
  assert.equal((await connecting).beforeFirstByte, true)
  await failure(client.send({ ...request, url: `http://hooks.test:${port}/` }), 'aborted')
})

test('a certificate must come from a trusted authority and name the host', async (t) => {
  const made = makeCertificates()
  if (!made) return t.skip('openssl is not there, so no certificate could be made')
  const names: unknown[] = []
  const server = createTlsServer(made.good, (request, response) => {
    names.push('servername' in request.socket ? request.socket.servername : null)
    response.end('secret')
  })
  const { port, connections } = await listen(t, server)
  const trusting = open(t, { certificateAuthorities: [made.authority] })

  const first = await trusting(`https://hooks.test:${port}/`)
  assert.equal(first.body.toString(), 'secret')
  assert.ok(first.timings.tls !== null)
  const second = await trusting(`https://hooks.test:${port}/`)
  assert.equal(second.timings.tls, null)
  assert.equal(connections(), 1)
  assert.equal((await trusting(`https://127.0.0.1:${port}/`)).status, 200)
  assert.deepEqual(names, ['hooks.test', 'hooks.test', false])

  const other = await failure(trusting(`https://other.test:${port}/`), 'tls_failed')
  assert.equal(other.beforeFirstByte, true)
  assert.ok(other.timings.connect !== null)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  await failure(open(t)(`https://hooks.test:${port}/`), 'tls_failed')
  assert.equal(names.length, 3)
})

test('a certificate that is expired, of another name or signed by itself is refused, and nothing is written', async (t) => {
  const made = makeCertificates()
  if (!made) return t.skip('openssl is not there, so no certificate could be made')
  const trusting = open(t, { certificateAuthorities: [made.authority] })
  let requests = 0
  const served: [keyof typeof made, string][] = [
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrongName', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ]
  for (const [kind, reason] of served) {
    const { port } = await listen(
      t,
      createTlsServer(made[kind] as typeof made.good, () => requests++),
    )
    const error = await failure(trusting(`https://hooks.test:${port}/`), 'tls_failed')
    assert.equal(error.beforeFirstByte, true)
    assert.match(error.message, new RegExp(reason))
  }
  assert.equal(requests, 0)
})

test('a server that speaks no TLS, or hangs or hangs up in the handshake, fails in TLS', async (t) => {
  const send = open(t, { limits: { tls: 100 } })
  const plain = await serve(t, (_, response) => void response.end())
  const mute = await serveRaw(t, () => {})
  const rude = await serveRaw(t, (socket) => socket.resetAndDestroy())
  const polite = await serveRaw(t, (socket) => socket.end())
  for (const { port } of [plain, mute, rude, polite]) {
    const error = await failure(send(`https://hooks.test:${port}/`), 'tls_failed')
    assert.equal(error.beforeFirstByte, true)
  }
})
