import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SseFrame, writeFrames } from './sse.ts'

type Outcome = { error: unknown; listeners: number }

/** Serves the frames once to whoever reads, and tells how writing them ended. */
const serving = async (
  frames: (response: ServerResponse) => AsyncIterable<SseFrame>,
  read: (incoming: IncomingMessage) => Promise<void>,
): Promise<Outcome> => {
  let ended: (outcome: Outcome) => void = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    ended = resolve
  })
  const server = createServer((_request, response) => {
    let listeners = 0
    const count = () => {
      listeners = Math.max(
        listeners,
        response.listenerCount('close'),
        response.listenerCount('drain'),
        response.listenerCount('error'),
      )
    }
    const counted = async function* () {
      for await (const frame of frames(response)) {
        count()
        yield frame
      }
    }
    writeFrames(response, counted(), { status: 200, headers: { 'x-request-id': 'req_1' } }).then(
      () => ended({ error: undefined, listeners }),
      (error) => {
        response.destroy()
        ended({ error, listeners })
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    request.on('error', () => undefined)
    await Promise.race([
      once(request, 'response').then(([incoming]) => read(incoming as IncomingMessage)),
      once(request, 'close'),
    ]).catch(() => undefined)
    return await outcome
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const frame = (n: number, text = 'x'): SseFrame => ({ id: `m:${n}`, event: 'text-delta', data: { text } })

test('frames arrive in the form that readers of event streams expect', async () => {
  let text = ''
  let headers: IncomingMessage['headers'] = {}
  const { error } = await serving(
    async function* () {
      yield frame(1, 'line\nbreak')
      yield frame(2)
    },
    async (incoming) => {
      headers = incoming.headers
      for await (const chunk of incoming.setEncoding('utf8')) text += chunk
    },
  )
  assert.equal(error, undefined)
  assert.equal(
    text,
    'id: m:1\nevent: text-delta\ndata: {"text":"line\\nbreak"}\n\nid: m:2\nevent: text-delta\ndata: {"text":"x"}\n\n',
  )
  assert.deepEqual(
    [headers['content-type'], headers['cache-control'], headers['x-request-id']],
    ['text/event-stream; charset=utf-8', 'no-store', 'req_1'],
  )
})

test('a slow reader is waited for, gets every frame, and leaves no listeners behind', async () => {
  const frames = 300
  let made = 0
  let ahead = 0
  let bytes = 0
  const { listeners } = await serving(
    async function* (response) {
      for (let n = 0; n < frames; n++) {
        made++
        ahead = Math.max(ahead, response.writableLength)
        yield frame(n, 'x'.repeat(20_000))
      }
    },
    async (incoming) => {
      for await (const chunk of incoming) {
        bytes += chunk.length
        await sleep(1)
      }
    },
  )
  assert.equal(made, frames)
  assert.ok(bytes > frames * 20_000)
  assert.ok(ahead < 100_000, `${ahead} bytes were piled up`)
  assert.ok(listeners < 8, `${listeners} listeners`)
})

test('a reader who leaves does not stop what is being said from being finished', async () => {
  let finished = false
  const { error } = await serving(
    async function* (response) {
      for (let n = 0; n < 50; n++) {
        yield frame(n, 'x'.repeat(50_000))
        if (n === 5) await once(response, 'close')
      }
      finished = true
    },
    async (incoming) => {
      await once(incoming, 'data')
      incoming.destroy()
    },
  )
  assert.equal(error, undefined)
  assert.ok(finished)
})

test('a failure before the first frame is thrown with nothing sent, and one after it is thrown too', async () => {
  const before = await serving(
    // biome-ignore lint/correctness/useYield: it fails before it has anything to say
    async function* () {
      throw new Error('early')
    },
    async () => undefined,
  )
  assert.match(String(before.error), /early/)
  const later = await serving(
    async function* () {
      yield frame(1)
      throw new Error('late')
    },
    async (incoming) => {
      incoming.on('error', () => undefined).resume()
      await once(incoming, 'close')
    },
  )
  assert.match(String(later.error), /late/)
})
