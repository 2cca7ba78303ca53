import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type OpenAiReply, type OpenAiRequest, startOpenAiServer } from '../server/test/openai-server.ts'
import {
  type Answer,
  eventually,
  type Frame,
  framesAsTheyCome,
  installParley,
  type Parley,
  readFrames,
} from './parley.ts'

const refunds =
  '# Refunds\n\nRefunds are paid back to the original card within 5 business days.\n\nOpened software cannot be returned.\n'
const shipping = '# Shipping\n\nStandard delivery to Madeira takes 7 days and costs 12 euros.\n'

let reply: (request: OpenAiRequest) => OpenAiReply
const provider = await startOpenAiServer((request) => reply(request))
let parley: Parley
let key = ''

/** The number under which the model was shown the passage that holds these words. */
const numberOf = ({ messages }: OpenAiRequest, words: string): string => {
  for (const [, number, text] of messages
    .at(-1)!
    .content.matchAll(/<passage number="(\d+)" from="[^"]*">\n([\s\S]*?)\n<\/passage>/g))
    if (text!.includes(words)) return number!
  throw new Error(`no passage holds "${words}"`)
}

/** Replies with these deltas, where [refunds] and [shipping] stand for the numbers of those passages. */
const says =
  (...deltas: string[]) =>
  (request: OpenAiRequest): OpenAiReply => ({
    kind: 'text',
    deltas: marked(request, deltas),
    usage: { promptTokens: 420, completionTokens: 21 },
  })

const marked = (request: OpenAiRequest, deltas: string[]): string[] =>
  deltas.map((delta) =>
    delta
      .replaceAll('[refunds]', () => `[${numberOf(request, '5 business days')}]`)
      .replaceAll('[shipping]', () => `[${numberOf(request, '12 euros')}]`),
  )

const question = 'How long do refunds take, and what does delivery to Madeira cost?'
const supported = [
  'Refunds are paid back to the original',
  ' card within 5 business',
  ' days [refunds]',
  '. Standard delivery to Madeira',
  ' costs 12 euros [shipping].',
]

const post = (body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> =>
  fetch(`${parley.baseUrl}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })

const ask = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  parley.call('POST', '/v1/chat', { body: { message: question, ...body }, headers })

const messagesOf = async (conversationId: string): Promise<any[]> =>
  (await parley.call('GET', `/v1/conversations/${conversationId}/messages?limit=100`)).body.data

const rolesOf = (messages: any[]): string[] => messages.map(({ role, status }) => `${role} ${status}`)

const assertResolves = async (citations: any[]): Promise<void> => {
  assert.ok(citations.length > 0)
  for (const [i, citation] of citations.entries()) {
    assert.equal(citation.index, i + 1)
    const content = await parley.call('GET', `/v1/knowledge-sources/${citation.source_id}/content`)
    const document = content.body.data.find((one: { id: string }) => one.id === citation.document_id)
    assert.equal(document.text.slice(citation.start, citation.end), citation.quote)
  }
}

const assertUnavailable = ({ status, headers, body }: Answer): void => {
  assert.equal(status, 503, JSON.stringify(body))
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.equal(body.error.code, 'SERVICE_UNAVAILABLE')
  assert.equal(body.error.status, 503)
}

before(async () => {
  parley = await installParley({
    PARLEY_MODEL_BASE_URL: provider.baseUrl,
    PARLEY_MODEL_NAME: 'llama-test',
    PARLEY_MODEL_API_KEY: 'provider-key',
    PARLEY_KEY_BRAND: 'acme',
  })
  await parley.start()
  key = (await parley.credentials()).sandbox_key
  for (const [name, content] of [
    ['Refund policy', refunds],
    ['Shipping', shipping],
  ]) {
    const { body } = await parley.call('POST', '/v1/knowledge-sources', { body: { type: 'text', name, content } })
    await eventually(
      async () => (await parley.call('GET', `/v1/knowledge-sources/${body.id}`)).body.status,
      (status) => status === 'ready',
    )
  }
})

beforeEach(() => {
  reply = says(...supported)
})

after(async () => {
  await parley.remove()
  await provider.close()
})

test('the model writes an answer whose citations resolve to stored text', async () => {
  const { status, body } = await ask({})
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.mode, 'llm')
  assert.equal(
    body.content.trim(),
    'Refunds are paid back to the original card within 5 business days. Standard delivery to Madeira costs 12 euros.',
  )
  assert.equal(body.handoff, null)
  assert.deepEqual(body.usage, { prompt_tokens: 420, completion_tokens: 21, total_tokens: 441 })
  assert.deepEqual(
    body.citations.map((citation: { source_name: string }) => citation.source_name),
    ['Refund policy', 'Shipping'],
  )
  await assertResolves(body.citations)
  const asked = provider.requests.at(-1)!
  assert.equal(asked.authorization, 'Bearer provider-key')
  assert.equal(asked.model, 'llama-test')
  assert.equal(asked.stream, true)
})

test('the same is streamed sentence by sentence, each followed by its citations', async () => {
  const frames: Frame[] = []
  for await (const frame of framesAsTheyCome(await post({ message: question, stream: true }))) frames.push(frame)
  assert.deepEqual(
    frames.map(({ event }) => event),
    ['message-start', 'text-delta', 'citation', 'text-delta', 'citation', 'message-end'],
  )
  const text = frames.filter(({ event }) => event === 'text-delta').map(({ data }) => data.text)
  const { message } = frames.at(-1)!.data
  assert.equal(text.join(''), message.content)
  assert.doesNotMatch(message.content, /\[|\]/)
  assert.equal(message.mode, 'llm')
  await assertResolves(message.citations)
  assert.deepEqual(
    frames.filter(({ event }) => event === 'citation').map(({ data }) => data.citation),
    message.citations,
  )
})

test('what no passage supports never reaches the reader', async () => {
  reply = says(
    'Refunds are paid back within 5 business days [refunds]. ',
    'We also pay for your flight home. ',
    'Refunds are paid back within 3 business days [refunds]. ',
    'Refunds are paid back to the original card [99]. ',
    'Refunds are explained at https://evil.example/refunds [refunds]. ',
    'Your account was credited with 900 euros [shipping]. ',
    'Delivery to Madeira takes 7 days [shipping].',
  )
  const { body } = await ask({})
  assert.equal(body.content.trim(), 'Refunds are paid back within 5 business days. Delivery to Madeira takes 7 days.')
  await assertResolves(body.citations)
  assert.ok(body.confidence < 0.5, String(body.confidence))
  // Ids and times are random digits, so only what a reader sees is looked at.
  const streamed = readFrames(await (await post({ message: question, stream: true })).text())
    .flatMap(({ data }) => [data.text, data.citation?.quote, data.message?.content])
    .join('\n')
  assert.ok(streamed.includes('5 business days'), streamed)
  for (const word of ['flight', '3 business', 'evil.example', '900', '99']) assert.ok(!streamed.includes(word), word)
})

test('a question that the model declines, or answers without support, is handed over', async () => {
  for (const [said, reason] of [
    ['NOT_COVERED', 'not_covered'],
    ['NEEDS_PERSON', 'asked_for_person'],
    ['Lima is the capital of Peru.', 'unsupported'],
  ] as const) {
    reply = says(said)
    const { status, body } = await ask({})
    assert.equal(status, 200)
    assert.deepEqual(body.handoff, { state: 'requested', reason })
    assert.deepEqual(body.citations, [])
    assert.ok(!body.content.includes(said))
    const conversation = await parley.call('GET', `/v1/conversations/${body.conversation_id}`)
    assert.equal(conversation.body.handoff.state, 'requested')
  }
})

test('a provider that fails before the first word is answered with 503 as JSON, streamed or not', async () => {
  const failures: OpenAiReply[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429 },
    { kind: 'status', status: 401 },
    { kind: 'cut', deltas: [] },
    { kind: 'raw', body: '<html>Welcome to the proxy</html>' },
  ]
  for (const failure of failures) {
    reply = () => failure
    assertUnavailable(await ask({}))
    assertUnavailable(await ask({ stream: true }))
    assertUnavailable(await ask({}, { accept: 'text/event-stream' }))
  }
})

test('a retry with the same key after a 503 answers the question that was already stored', async () => {
  const headers = { 'idempotency-key': 'after-a-503' }
  reply = () => ({ kind: 'status', status: 503 })
  const opened = await parley.call('POST', '/v1/conversations', { body: {} })
  const conversation_id = opened.body.id
  assertUnavailable(await ask({ conversation_id }, headers))
  assertUnavailable(await ask({ conversation_id }, headers))
  assert.deepEqual(rolesOf(await messagesOf(conversation_id)), ['user complete'])
  reply = says(...supported)
  const answered = await ask({ conversation_id }, headers)
  assert.equal(answered.status, 200)
  assert.equal(answered.body.conversation_id, conversation_id)
  assert.deepEqual(rolesOf(await messagesOf(conversation_id)), ['user complete', 'assistant complete'])
  const again = await ask({ conversation_id }, headers)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.deepEqual(again.body, answered.body)
})

test('a provider that breaks off in the middle leaves an error part, and what was said', async () => {
  for (const kind of ['cut', 'unfinished'] as const) {
    reply = (request) => ({
      kind,
      deltas: marked(request, ['Refunds are paid back within 5 business days [refunds]. ', 'Standard deliv']),
    })
    const frames: Frame[] = []
    for await (const frame of framesAsTheyCome(await post({ message: question, stream: true }))) frames.push(frame)
    assert.deepEqual(
      frames.map(({ event }) => event),
      ['message-start', 'text-delta', 'citation', 'error', 'message-end'],
    )
    assert.equal(frames[3]!.data.code, 'SERVICE_UNAVAILABLE')
    const { conversation_id, message_id } = frames[0]!.data
    const stored = await parley.call('GET', `/v1/messages/${message_id}`)
    assert.equal(stored.body.status, 'aborted')
    assert.equal(stored.body.content.trim(), 'Refunds are paid back within 5 business days.')
    await assertResolves(stored.body.citations)
    assert.deepEqual(rolesOf(await messagesOf(conversation_id)), ['user complete', 'assistant aborted'])
    assertUnavailable(await ask({}))
  }
})

test('a reader who leaves ends the request to the provider, and what was said is stored', async () => {
  reply = (request) => ({
    kind: 'silent',
    deltas: marked(request, ['Refunds are paid back within 5 business days [refunds]. ', 'And then']),
  })
  const abandoned = provider.abandoned()
  const reader = new AbortController()
  let start: Frame | undefined
  for await (const frame of framesAsTheyCome(await post({ message: question, stream: true }, {}, reader.signal))) {
    if (frame.event === 'message-start') start = frame
    if (frame.event === 'citation') reader.abort()
  }
  await eventually(
    async () => provider.abandoned(),
    (count) => count === abandoned + 1,
  )
  const messages = await eventually(
    () => messagesOf(start!.data.conversation_id),
    (list) => list.length === 2,
  )
  assert.deepEqual(rolesOf(messages), ['user complete', 'assistant aborted'])
  assert.equal(messages[1].id, start!.data.message_id)
  assert.equal(messages[1].content.trim(), 'Refunds are paid back within 5 business days.')
})

test('a reader who leaves before the first word ends the request to the provider, and the question is kept', async () => {
  reply = () => ({ kind: 'silent', deltas: [] })
  const opened = await parley.call('POST', '/v1/conversations', { body: {} })
  for (const stream of [true, false]) {
    const [abandoned, asked] = [provider.abandoned(), provider.requests.length]
    const reader = new AbortController()
    const left = post({ message: question, conversation_id: opened.body.id, stream }, {}, reader.signal).catch(
      (error: Error) => error,
    )
    await eventually(
      async () => provider.requests.length,
      (count) => count === asked + 1,
    )
    reader.abort()
    assert.ok((await left) instanceof Error)
    await eventually(
      async () => provider.abandoned(),
      (count) => count === abandoned + 1,
    )
  }
  assert.deepEqual(rolesOf(await messagesOf(opened.body.id)), ['user complete', 'user complete'])
})

test('card numbers and keys never reach the provider, and are stored as they were said', async () => {
  const secrets = [
    '4111 1111 1111 1111',
    'DE89 3704 0044 0532 0130 00',
    (await parley.credentials()).live_key,
    'sk-proj-Zx8Qm2Lr7Vt5Nc1Bw9Kd3Hf6Jg4Ps0Ya',
  ]
  const message = `My card is ${secrets[0]}, my IBAN is ${secrets[1]}, and my keys are ${secrets[2]} and ${secrets[3]}. ${question}`
  const before = provider.requests.length
  const first = await ask({ message, context: { note: `card ${secrets[0]}` } })
  assert.equal(first.status, 200)
  assert.equal((await ask({ conversation_id: first.body.conversation_id })).status, 200)
  const sent = JSON.stringify(provider.requests.slice(before))
  assert.equal(provider.requests.length, before + 2)
  assert.ok(sent.includes('My card is'))
  for (const secret of secrets) assert.ok(!sent.includes(secret), secret)
  assert.equal((await messagesOf(first.body.conversation_id))[0].content, message)
  assert.ok(!secrets.some((secret) => parley.output().includes(secret)))
})

test('a stream that is dropped after any frame goes on exactly there', async () => {
  const body = { message: question, stream: true }
  const endings: [string, () => void][] = [
    ['complete', () => (reply = says(...supported))],
    ['handed over', () => (reply = says('NOT_COVERED'))],
    [
      'broken off',
      () =>
        (reply = (request) => ({
          kind: 'cut',
          deltas: marked(request, ['Opened software cannot be returned [refunds]. ', 'Standard']),
        })),
    ],
  ]
  for (const [name, choose] of endings) {
    choose()
    const frames = readFrames(await (await post(body)).text())
    assert.ok(frames.length >= 4, name)
    const asked = provider.requests.length
    for (const [i, { id }] of frames.entries())
      assert.deepEqual(
        readFrames(await (await post(body, { 'last-event-id': id })).text()),
        frames.slice(i + 1),
        `${name}, after frame ${i + 1}`,
      )
    assert.equal(provider.requests.length, asked, 'the model is not asked again')
  }
})

test('an answer that its reader really left can be read to the end of what was said', async () => {
  reply = (request) => ({ kind: 'silent', deltas: marked(request, [supported.join(''), ' And']) })
  const body = { message: question, stream: true }
  for (let dropAfter = 1; dropAfter <= 5; dropAfter++) {
    const reader = new AbortController()
    const seen: Frame[] = []
    for await (const frame of framesAsTheyCome(await post(body, {}, reader.signal))) {
      seen.push(frame)
      if (seen.length === dropAfter) break
    }
    reader.abort()
    const rest = await eventually(
      async () => {
        const response = await post(body, { 'last-event-id': seen.at(-1)!.id })
        return { status: response.status, text: await response.text() }
      },
      ({ status }) => status === 200,
    )
    const frames = [...seen, ...readFrames(rest.text)]
    const { message } = frames.at(-1)!.data
    assert.equal(message.status, 'aborted')
    assert.deepEqual(
      frames.map(({ id }) => id),
      frames.map((_, i) => `${message.message_id}:${i + 1}`),
    )
    assert.equal(
      frames
        .filter(({ event }) => event === 'text-delta')
        .map(({ data }) => data.text)
        .join(''),
      message.content,
    )
  }
})
