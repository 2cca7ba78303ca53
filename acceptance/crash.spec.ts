import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { startOpenAiServer } from '../server/test/openai-server.ts'
import {
  type Answer,
  eventually,
  type Frame,
  framesAsTheyCome,
  installParley,
  launch,
  type Parley,
  readFrames,
} from './parley.ts'

// A lease of a killed process lasts ten seconds, and a claim of a key fifteen.
const patienceMs = 60_000

/** PARLEY_CRASH_SEEDS: how many random ones, or which: `3`, `17,4711`. A failure names its seed. */
const seeds = ((): number[] => {
  const given = process.env.PARLEY_CRASH_SEEDS ?? '2'
  const named = given.split(',').map(Number)
  return named.length > 1 ? named : Array.from({ length: named[0]! }, () => randomInt(1_000_000))
})()

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const installed: Parley[] = []
const install = async (environment: Record<string, string> = {}): Promise<Parley> => {
  const parley = await installParley(environment)
  installed.push(parley)
  return parley
}

after(async () => {
  for (const parley of installed) await parley.remove()
})

const kill = async (parley: Parley): Promise<void> => {
  assert.equal(await parley.stop('SIGKILL'), 'SIGKILL')
}

/** Sends the same request, with the same key, until the server has taken it. */
const insist = async (parley: Parley, path: string, body: unknown, idempotencyKey: string): Promise<Answer> => {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const answer = await parley
      .call('POST', path, { body, headers: { 'idempotency-key': idempotencyKey } })
      .catch(() => undefined)
    if (answer && answer.status < 300) return answer
    if (answer && answer.body?.error?.code !== 'IDEMPOTENCY_IN_PROGRESS')
      throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    if (Date.now() > deadline) throw new Error(`${path} was refused for ${patienceMs} ms`)
    await pause(10)
  }
}

/** Every item of a list, page by page. */
const all = async (parley: Parley, path: string, key?: string): Promise<any[]> => {
  const items: any[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await parley.call(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      key ? { key } : {},
    )
    assert.equal(status, 200, JSON.stringify(body))
    items.push(...body.data)
    cursor = body.next_cursor
  }
  return items
}

const allEvents = async (parley: Parley): Promise<any[]> => {
  const events: any[] = []
  for (;;) {
    const { body } = await parley.call('GET', `/v1/events?after=${events.at(-1)?.sequence ?? 0}&limit=100`)
    events.push(...body.data)
    if (!body.has_more) return events
  }
}

const assertGapFree = (events: { sequence: number }[]): void => {
  const sequences = events.map(({ sequence }) => sequence)
  assert.deepEqual(
    sequences,
    sequences.map((_, i) => sequences[0]! + i),
  )
}

const sourceSettled = (parley: Parley, id: string): Promise<any> =>
  eventually(
    async () => (await parley.call('GET', `/v1/knowledge-sources/${id}`)).body,
    ({ status }) => status === 'ready' || status === 'failed',
    patienceMs,
  )

// Most of the time is spent waiting for leases of the dead, so two wait at once.
describe('kill -9', { concurrency: 2, timeout: 280_000 }, () => {
  for (const seed of seeds)
    test(`contacts written while the server is killed over and over are there once, each with its event (seed ${seed})`, {
      timeout: 200_000,
    }, async () => {
      const random = randomOf(seed)
      const [clients, each, kills] = [8, 30, 4]
      const parley = await install()
      await parley.start()
      const acknowledged = new Map<string, string>()
      const client = async (number: number) => {
        for (let i = 0; i < each; i++) {
          const name = `Client ${number} contact ${i}`
          const answer = await insist(parley, '/v1/contacts', { name }, `${seed}-${number}-${i}`)
          assert.equal(answer.body.name, name)
          acknowledged.set(answer.body.id, name)
        }
      }
      const nemesis = async () => {
        for (let n = 1; n <= kills; n++) {
          const enough = Math.floor((clients * each * (n - 1 + random())) / kills)
          await eventually(
            async () => acknowledged.size,
            (count) => count >= enough,
            patienceMs,
          )
          await pause(random() * 40)
          await kill(parley)
          await parley.start()
        }
      }
      await Promise.all([nemesis(), ...Array.from({ length: clients }, (_, number) => client(number))])

      assert.equal(acknowledged.size, clients * each)
      const contacts = await all(parley, '/v1/contacts')
      assert.deepEqual(
        contacts.map(({ id, name }) => `${id} ${name}`).sort(),
        [...acknowledged].map(([id, name]) => `${id} ${name}`).sort(),
      )
      const created = (events: any[]) => events.filter(({ type }) => type === 'contact.created')
      const events = await eventually(
        () => allEvents(parley),
        (list) => created(list).length >= acknowledged.size,
        patienceMs,
      )
      assert.deepEqual(
        created(events)
          .map(({ data }) => data.id)
          .sort(),
        [...acknowledged.keys()].sort(),
      )
      assertGapFree(events)
      assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
      for (const [id, name] of acknowledged)
        assert.equal(created(events).find(({ data }) => data.id === id).data.name, name)
    })

  for (const seed of seeds)
    test(`every event reaches the receiver although the server is killed while it delivers (seed ${seed})`, {
      timeout: 200_000,
    }, async (t) => {
      const random = randomOf(seed)
      const [count, kills] = [60, 2]
      let secret = ''
      const received: { id: string; event: any }[] = []
      const receiver = createServer(async (request, response) => {
        const raw = Buffer.concat(await request.toArray())
        const event = new Webhook(secret).verify(raw, request.headers as Record<string, string>) as any
        // Some are refused after they were read, some hang a moment: a kill finds deliveries in every state.
        const refused = random() < 0.15
        if (!refused) received.push({ id: String(request.headers['webhook-id']), event })
        setTimeout(() => response.writeHead(refused ? 503 : 204).end(), random() * 30)
      })
      receiver.listen(0, '127.0.0.1')
      await once(receiver, 'listening')
      t.after(() => {
        receiver.closeAllConnections()
        receiver.close()
      })
      const parley = await install({ PARLEY_WEBHOOK_RETRY_SECONDS: `0,${Array(20).fill('0.2').join()}` })
      await parley.start()
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
      const webhook = await parley.call('POST', '/v1/webhooks', { body: { url, events: ['contact.*'] } })
      secret = webhook.body.secret

      const write = async () => {
        for (let i = 0; i < count; i++) await insist(parley, '/v1/contacts', { name: `Contact ${i}` }, `${seed}-${i}`)
      }
      const nemesis = async () => {
        for (let n = 1; n <= kills; n++) {
          const enough = Math.floor((count * (n - 1 + random())) / kills)
          await eventually(
            async () => new Set(received.map(({ id }) => id)).size,
            (size) => size >= enough,
            patienceMs,
          )
          await pause(random() * 40)
          await kill(parley)
          await parley.start()
        }
      }
      await Promise.all([nemesis(), write()])

      const events = await eventually(
        async () => (await allEvents(parley)).filter(({ type }) => type === 'contact.created'),
        (list) => list.length === count,
        patienceMs,
      )
      await eventually(
        async () => new Set(received.map(({ id }) => id)).size,
        (size) => size >= count,
        patienceMs,
      )
      assert.deepEqual([...new Set(received.map(({ id }) => id))].sort(), events.map(({ id }) => id).sort())
      for (const { id, event } of received)
        assert.deepEqual(
          event,
          events.find((one) => one.id === id),
        )
      const deliveries = await eventually(
        () => all(parley, `/v1/event-deliveries?webhook_id=${webhook.body.id}`),
        (list) => list.length >= count && list.every(({ status }) => status === 'delivered'),
        patienceMs,
      )
      assert.deepEqual(deliveries.map(({ event_id }) => event_id).sort(), events.map(({ id }) => id).sort())
      for (const { id } of deliveries) {
        const { attempts } = (await parley.call('GET', `/v1/event-deliveries/${id}`)).body
        assert.equal(attempts.at(-1).http_status, 204)
        assert.ok(attempts.slice(0, -1).every((attempt: { http_status: number }) => attempt.http_status !== 204))
      }
    })

  for (const seed of seeds)
    test(`sources that were being read when the server was killed become ready, whole (seed ${seed})`, {
      timeout: 200_000,
    }, async (t) => {
      const random = randomOf(seed)
      const page = createServer((_request, response) => {
        setTimeout(
          () =>
            response
              .writeHead(200, { 'content-type': 'text/html' })
              .end('<title>Hours</title><main><h1>Hours</h1><p>The Lisbon shop opens at 10:15 on weekdays.</p></main>'),
          20,
        )
      })
      page.listen(0, '127.0.0.1')
      await once(page, 'listening')
      t.after(() => {
        page.closeAllConnections()
        page.close()
      })
      const parley = await install()
      await parley.start()
      const article = (n: number) =>
        Array.from(
          { length: 200 },
          (_, i) =>
            `## Part ${n}.${i}\n\nThe order number ${n}${String(i).padStart(3, '0')} belongs to the gadget of shelf ${i} in hall ${n}.\n`,
        ).join('\n')
      const wanted = [
        ...[1, 2, 3].map((n) => ({ type: 'text', name: `Hall ${n}`, content: article(n) })),
        { type: 'url', name: 'Hours', url: `http://127.0.0.1:${(page.address() as AddressInfo).port}/hours` },
      ]
      const ids: string[] = []
      for (const [i, body] of wanted.entries()) {
        const made = await insist(parley, '/v1/knowledge-sources', body, `${seed}-${i}`)
        ids.push(made.body.id)
        if (i % 2 === 1) continue
        // The source is being read, or just about to be, or just done.
        await pause(random() * 150)
        await kill(parley)
        await parley.start()
      }
      for (const [i, id] of ids.entries()) {
        const source = await sourceSettled(parley, id)
        assert.equal(source.status, 'ready', JSON.stringify(source))
        const documents = await all(parley, `/v1/knowledge-sources/${id}/content`)
        const chunks = await all(parley, `/v1/knowledge-sources/${id}/chunks`)
        assert.equal(documents.length, 1)
        assert.equal(chunks.length, source.chunk_count)
        assert.deepEqual(
          chunks.map(({ ordinal }) => ordinal),
          chunks.map((_, ordinal) => ordinal),
        )
        for (const chunk of chunks) assert.equal(documents[0].text.slice(chunk.start, chunk.end), chunk.text)
        if (i < 3) assert.equal(documents[0].text.match(/order number/g).length, 200)
      }
      const asked = [
        ['Which hall holds the gadget with the order number 2117?', /2117/],
        ['When does the Lisbon shop open on weekdays?', /10:15/],
      ] as const
      for (const [message, expected] of asked) {
        const { body } = await parley.call('POST', '/v1/chat', { body: { message } })
        assert.match(body.content, expected, JSON.stringify(body))
      }
      const ready = (await allEvents(parley)).filter(
        ({ type, data }) => type === 'knowledge_source.ready' && ids.includes(data.id),
      )
      assert.deepEqual(ready.map(({ data }) => data.id).sort(), [...ids].sort())
    })

  test('a question asked when the server was killed is kept, and the retry answers it instead of asking it again', {
    timeout: 200_000,
  }, async () => {
    await using provider = await startOpenAiServer(({ messages }) => {
      const number = /<passage number="(\d+)" from="[^"]*">\n[^<]*business days/.exec(messages.at(-1)!.content)?.[1]
      const deltas = [`Refunds are paid back within 5 business days [${number}].`, ' And']
      return provider.requests.length <= 2
        ? { kind: 'silent', deltas: provider.requests.length === 1 ? [] : deltas }
        : { kind: 'text', deltas: deltas.slice(0, 1) }
    })
    const parley = await install({ PARLEY_MODEL_BASE_URL: provider.baseUrl, PARLEY_MODEL_NAME: 'slow' })
    await parley.start()
    const { body: source } = await parley.call('POST', '/v1/knowledge-sources', {
      body: { type: 'text', name: 'Refunds', content: 'Refunds are paid back within 5 business days.' },
    })
    assert.equal((await sourceSettled(parley, source.id)).status, 'ready')
    const { body: conversation } = await parley.call('POST', '/v1/conversations', { body: {} })
    const { sandbox_key } = await parley.credentials()
    const body = { message: 'When are refunds paid back?', conversation_id: conversation.id, stream: true }
    const ask = () =>
      fetch(`${parley.baseUrl}/v1/chat`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${sandbox_key}`,
          'content-type': 'application/json',
          'idempotency-key': 'asked-before-the-crash',
        },
        body: JSON.stringify(body),
      })
    const messages = async () => (await parley.call('GET', `/v1/conversations/${conversation.id}/messages`)).body.data

    // Killed before the first word, then in the middle of the answer.
    const lost = ask().catch((error: Error) => error)
    await eventually(
      async () => provider.requests.length,
      (count) => count === 1,
    )
    await kill(parley)
    assert.ok((await lost) instanceof Error)
    await parley.start()
    assert.deepEqual(
      (await messages()).map(({ role }: { role: string }) => role),
      ['user'],
    )

    const answered = () => eventually(ask, ({ status }) => status === 200, patienceMs)
    const cut: Frame[] = []
    for await (const frame of framesAsTheyCome(await answered())) {
      cut.push(frame)
      if (frame.event === 'citation') await kill(parley)
    }
    assert.deepEqual(
      cut.map(({ event }) => event),
      ['message-start', 'text-delta', 'citation'],
    )
    await parley.start()

    const frames = readFrames(await (await answered()).text())
    assert.equal(frames.at(-1)?.event, 'message-end')
    assert.equal(frames.at(-1)?.data.message.status, 'complete')
    assert.equal(frames[0]?.data.conversation_id, conversation.id)
    const kept = await messages()
    assert.deepEqual(
      kept.map(({ role }: { role: string }) => role),
      ['user', 'assistant'],
    )
    assert.equal(kept[0].content, body.message)
    const again = await parley.call('POST', '/v1/chat', {
      body,
      headers: { 'idempotency-key': 'asked-before-the-crash' },
    })
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(again.body, frames.at(-1)?.data.message)
  })

  for (const seed of seeds)
    test(`a first start that was killed at any moment is made up for by the next (seed ${seed})`, {
      timeout: 200_000,
    }, async () => {
      const random = randomOf(seed)
      const parley = await install()
      for (let n = 0; n < 3; n++) {
        const half = launch(parley.folder, parley.environment)
        await pause(random() * 2_500)
        half.child.kill('SIGKILL')
        await half.ended
      }
      await parley.start()
      const { live_key, sandbox_key } = await parley.credentials()
      for (const key of [live_key, sandbox_key])
        assert.equal((await parley.call('GET', '/v1/agents', { key })).body.data.length, 1)
      for (const { id } of await all(parley, '/v1/knowledge-sources'))
        assert.equal((await sourceSettled(parley, id)).status, 'ready')
      const answer = await parley.call('POST', '/v1/chat', {
        body: { message: 'How do I verify a webhook signature?' },
      })
      assert.ok(answer.body.citations.length > 0)
    })
})
