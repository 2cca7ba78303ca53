import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { startOpenAiServer } from '../server/test/openai-server.ts'
import { pause, randomOf } from './crash/random.ts'
import {
  type Answer,
  createInstaller,
  eventually,
  type Frame,
  framesAsTheyCome,
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

const { install, removeAll } = createInstaller()
after(removeAll)

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

const sourceSettled = (parley: Parley, id: string): Promise<any> =>
  eventually(
    async () => (await parley.call('GET', `/v1/knowledge-sources/${id}`)).body,
    ({ status }) => status === 'ready' || status === 'failed',
    patienceMs,
  )

// Most of the time is spent waiting for leases of the dead, so two wait at once.
describe('kill -9', { concurrency: 2, timeout: 280_000 }, () => {
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
