import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { eventually, installParley, type Parley, readFrames } from './parley.ts'

type Delivery = { headers: IncomingHttpHeaders; raw: Buffer; event: any; verified: boolean }

// Written from the klairo page alone: the digest of the raw body, keyed by the whole secret as shown.
const verifyAsThePageSays = (raw: Buffer, signature: unknown, secret: string): boolean =>
  signature === `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`

const listen = async (server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

let parley: Parley
let secret = ''
let receiverPort = 0
let receiver: Server
const deliveries: Delivery[] = []
let key = ''
let contactId = ''
let webhookId = ''
let conversationId = ''

const startReceiver = async (): Promise<void> => {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const raw = Buffer.concat(chunks)
    const verified = verifyAsThePageSays(raw, request.headers['x-parley-signature'], secret)
    deliveries.push({ headers: request.headers, raw, event: JSON.parse(raw.toString()), verified })
    response.writeHead(verified ? 200 : 401).end()
  })
  receiverPort = await listen(receiver, receiverPort)
}

const stopReceiver = async (): Promise<void> => {
  receiver.closeAllConnections()
  receiver.close()
  await once(receiver, 'close')
}

const call: Parley['call'] = (method, path, options = {}) => parley.call(method, path, { key, ...options })

const sourceReady = (id: string) =>
  eventually(
    async () => (await call('GET', `/v1/knowledge-sources/${id}`)).body,
    (source) => source.status === 'ready' || source.status === 'failed',
  )

before(async () => {
  parley = await installParley({ PARLEY_WEBHOOK_RETRY_SECONDS: '0,1,1,1,1' })
  await parley.start()
  await startReceiver()
})

after(async () => {
  await stopReceiver()
  await parley.remove()
})

test('a scoped key is minted, shown once, and cannot do what its scopes do not name', async () => {
  const { sandbox_key } = await parley.credentials()
  const scopes = [
    'contacts:write',
    'knowledge:write',
    'webhooks:write',
    'chat:write',
    'conversations:read',
    'messages:read',
    'events:read',
    'events:replay',
  ]
  const made = await parley.call('POST', '/v1/api-keys', { key: sandbox_key, body: { name: 'Integration', scopes } })
  assert.equal(made.status, 201)
  assert.match(made.body.key, /^ply_test_[0-9A-Za-z]{36}$/)
  key = made.body.key
  const shown = await parley.call('GET', `/v1/api-keys/${made.body.id}`, { key: sandbox_key })
  assert.equal(shown.body.key, undefined)
  const refused = await call('GET', '/v1/api-keys')
  assert.equal(refused.status, 403)
  assert.equal(refused.body.error.details.required_scope, 'api_keys:manage')
})

test('a webhook is registered and its secret is shown once', async () => {
  const made = await call('POST', '/v1/webhooks', {
    body: { url: `http://127.0.0.1:${receiverPort}/hooks`, events: ['*'], description: 'Acceptance' },
  })
  assert.equal(made.status, 201)
  assert.match(made.body.secret, /^whsec_/)
  secret = made.body.secret
  webhookId = made.body.id
  assert.equal((await call('GET', `/v1/webhooks/${webhookId}`)).body.secret, undefined)
})

test('a contact is created', async () => {
  const made = await call('POST', '/v1/contacts', {
    body: { name: 'Alex Johnson', email: 'alex@acmecorp.com', company: 'Acme Corp', tags: ['prospect'] },
  })
  assert.equal(made.status, 201)
  contactId = made.body.id
  const found = await call('GET', '/v1/contacts?search=acme&tag=prospect')
  assert.deepEqual(
    found.body.data.map((contact: { id: string }) => contact.id),
    [contactId],
  )
})

test('knowledge from text, an uploaded file and a page becomes ready with its chunks, or says why not', async () => {
  const page = createServer((request, response) => {
    if (request.url !== '/hours') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(
      '<html><head><title>Opening hours</title></head><body><main><h1>Opening hours</h1><p>The Lisbon shop is open from 10:00 to 19:00 on weekdays and closed on Sundays.</p></main></body></html>',
    )
  })
  const pagePort = await listen(page)
  const text = await call('POST', '/v1/knowledge-sources', {
    body: {
      type: 'text',
      name: 'Refund policy',
      content:
        '# Refunds\n\nRefunds are paid back to the original card within 5 business days.\n\nOpened software cannot be returned.\n',
    },
  })
  assert.equal(text.status, 201)
  const form = new FormData()
  form.set('type', 'file')
  form.set('name', 'Shipping')
  form.set(
    'file',
    new Blob(['# Shipping\n\nStandard delivery to Madeira takes 7 days and costs 12 euros.\n'], {
      type: 'text/markdown',
    }),
    'shipping.md',
  )
  const file = await call('POST', '/v1/knowledge-sources', { body: form })
  assert.equal(file.status, 201, JSON.stringify(file.body))
  const url = await call('POST', '/v1/knowledge-sources', {
    body: { type: 'url', name: 'Hours', url: `http://127.0.0.1:${pagePort}/hours` },
  })
  assert.equal(url.status, 201, JSON.stringify(url.body))
  for (const made of [text, file, url]) {
    const source = await sourceReady(made.body.id)
    assert.equal(source.status, 'ready', JSON.stringify(source))
    const chunks = await call('GET', `/v1/knowledge-sources/${made.body.id}/chunks`)
    assert.ok(chunks.body.data.length >= 1)
  }
  const gone = await call('POST', '/v1/knowledge-sources', {
    body: { type: 'url', name: 'Gone', url: `http://127.0.0.1:${pagePort}/gone` },
  })
  const failed = await sourceReady(gone.body.id)
  assert.equal(failed.status, 'failed')
  assert.match(failed.error.message, /404/)
  page.close()
})

test('a question is answered with a citation that resolves to the exact span', async () => {
  const answer = await call('POST', '/v1/chat', {
    body: { message: 'How long do refunds take?', contact_id: contactId },
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.match(answer.body.content, /5 business days/)
  assert.equal(answer.body.mode, 'extractive')
  assert.equal(answer.body.handoff, null)
  assert.ok(answer.body.confidence > 0 && answer.body.confidence <= 1)
  const [citation] = answer.body.citations
  assert.equal(citation.source_name, 'Refund policy')
  const content = await call('GET', `/v1/knowledge-sources/${citation.source_id}/content`)
  const document = content.body.data.find((one: { id: string }) => one.id === citation.document_id)
  assert.equal(document.text.slice(citation.start, citation.end), citation.quote)
  conversationId = answer.body.conversation_id
})

test('the same comes as a stream of parts, and the rest of a broken stream is given again', async () => {
  const body = { message: 'How much is delivery to Madeira?', conversation_id: conversationId, stream: true }
  const answer = await call('POST', '/v1/chat', { body })
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/)
  const frames = readFrames(answer.body)
  assert.deepEqual(
    [...new Set(frames.map(({ event }) => event))],
    ['message-start', 'text-delta', 'citation', 'message-end'],
  )
  assert.match(frames.find(({ event }) => event === 'text-delta')!.data.text, /12 euros/)
  const rest = await call('POST', '/v1/chat', { body, headers: { 'last-event-id': frames[1]!.id } })
  assert.deepEqual(readFrames(rest.body), frames.slice(2))
})

test('a question that no source covers is declined and handed over', async () => {
  const answer = await call('POST', '/v1/chat', {
    body: { message: 'What is the capital of Peru?', contact_id: contactId },
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.handoff.state, 'requested')
  assert.deepEqual(answer.body.citations, [])
  assert.doesNotMatch(answer.body.content, /Lima/)
  const conversation = await call('GET', `/v1/conversations/${answer.body.conversation_id}`)
  assert.equal(conversation.body.handoff.state, 'requested')
})

test('the conversation and its messages are readable', async () => {
  const conversation = await call('GET', `/v1/conversations/${conversationId}`)
  assert.equal(conversation.body.contact_id, contactId)
  const messages = await call('GET', `/v1/conversations/${conversationId}/messages`)
  assert.deepEqual(
    messages.body.data.map((message: { role: string }) => message.role),
    ['user', 'assistant', 'user', 'assistant'],
  )
  const message = await call('GET', `/v1/messages/${messages.body.data[1].id}`)
  assert.equal(message.body.citations[0].source_name, 'Refund policy')
})

test('the events stand in the log in sequence, without a gap', async () => {
  const wanted = [
    'contact.created',
    'conversation.opened',
    'chat.message.created',
    'knowledge_source.ready',
    'knowledge_source.failed',
    'conversation.handoff',
  ]
  const events = await eventually(
    async () => (await call('GET', '/v1/events?after=0&limit=100')).body.data,
    (list) => wanted.every((type) => list.some((event: { type: string }) => event.type === type)),
  )
  const sequences = events.map((event: { sequence: number }) => event.sequence)
  assert.deepEqual(
    sequences,
    sequences.map((_: number, i: number) => sequences[0] + i),
  )
  const one = await call('GET', `/v1/events/${events[0].id}`)
  assert.deepEqual(one.body, events[0])
})

test('the receiver got every event since it was registered, signed both ways', async () => {
  const listed = async () => {
    const { data } = (await call('GET', '/v1/events?after=0&limit=100')).body
    const from = data.findIndex((event: { type: string }) => event.type === 'webhook.created')
    return data.slice(from + 1).map((event: { id: string }) => event.id)
  }
  const expected = await listed()
  await eventually(
    async () => deliveries.map(({ event }) => event.id),
    (got) => expected.every((id: string) => got.includes(id)),
  )
  const standard = new Webhook(secret)
  for (const { headers, raw, event, verified } of deliveries) {
    assert.ok(verified)
    assert.deepEqual(standard.verify(raw, headers as Record<string, string>), event)
    assert.equal(headers['webhook-id'], event.id)
    assert.equal(headers['x-parley-event'], event.event)
  }
})

test('a receiver that was down gets the retry with the same ids, and every attempt is listed', async () => {
  await stopReceiver()
  deliveries.length = 0
  const made = await call('POST', '/v1/contacts', { body: { name: 'While you were out' } })
  const pending = await eventually(
    async () => (await call('GET', `/v1/event-deliveries?webhook_id=${webhookId}&status=pending`)).body.data,
    (list) =>
      list.some((delivery: { event_type: string; attempts?: unknown }) => delivery.event_type === 'contact.created'),
  )
  const { id } = pending.find((delivery: { event_type: string }) => delivery.event_type === 'contact.created')
  await eventually(
    async () => (await call('GET', `/v1/event-deliveries/${id}`)).body.attempts,
    (attempts) => attempts.length >= 1,
  )
  await startReceiver()
  const delivery = await eventually(
    async () => (await call('GET', `/v1/event-deliveries/${id}`)).body,
    (one) => one.status === 'delivered',
  )
  assert.ok(delivery.attempts.length >= 2, JSON.stringify(delivery))
  assert.ok(delivery.attempts[0].error)
  assert.equal(delivery.attempts.at(-1).http_status, 200)
  const [received] = deliveries.filter(({ event }) => event.data.id === made.body.id)
  assert.equal(received!.headers['webhook-id'], delivery.event_id)
  assert.ok(Number(received!.headers['x-parley-attempt']) >= 2)
})
