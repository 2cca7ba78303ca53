import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { assertReply, chatByCurl, chatByRequests, message, teachFollowUps } from './klairo-page.ts'
import { type Answer, eventually, framesAsTheyCome, installParley, type Parley } from './parley.ts'

// Every client here is written from the published pages alone, down to the lines they print.

let parley: Parley
let TOKEN = ''
let BASE = ''

before(async () => {
  parley = await installParley({
    PARLEY_KEY_BRAND: 'kl',
    PARLEY_WEBHOOK_HEADER_BRAND: 'KlairoAI',
    PARLEY_WEBHOOK_RETRY_SECONDS: '0,0.2,0.2,0.2,0.2',
    PARLEY_TRUSTED_PROXIES: '127.0.0.1',
  })
  await parley.start()
  TOKEN = (await parley.credentials()).sandbox_key
  BASE = `${parley.baseUrl}/v1`
  await teachFollowUps(parley, TOKEN)
})

after(async () => {
  await parley.remove()
})

// --- klairo: chat ---

test('klairo: the printed fetch client chats, and throws the message of an error', async () => {
  // biome-ignore format: as it is printed.
  async function chatWithAria(message: unknown, KLAIRO_TOKEN = TOKEN): Promise<any> {
    const res = await fetch(`${BASE}/chat`, {
      method: 'POST',
      headers: {
        'Authorization': `Bearer ${KLAIRO_TOKEN}`,
        'Content-Type': 'application/json'
      },
      body: JSON.stringify({ message })
    });

    if (!res.ok) {
      const err = await res.json() as any;
      throw new Error(err.error.message);
    }

    return res.json();
  }
  const reply = await chatWithAria(message)
  assertReply(reply)
  assert.equal(typeof (await chatWithAria("Summarise today's leads.")).content, 'string')
  await assert.rejects(chatWithAria(message, 'kl_live_YOUR_API_KEY'), {
    message: 'Bearer token is missing or invalid.',
  })
  await assert.rejects(chatWithAria(undefined), /message/)
})

test('klairo: what the printed requests client sends is answered alike', async () => {
  assertReply(await chatByRequests(`${BASE}/chat`, TOKEN))
})

test('klairo: the printed curl line works with its action', async () => {
  assertReply(await chatByCurl(`${BASE}/chat`, TOKEN))
})

test('klairo: a conversation goes on by its id, with a context, and streams when asked', async () => {
  const contact = await parley.call('POST', '/v1/contacts', {
    body: {
      name: 'Alex Johnson',
      email: 'alex@acmecorp.com',
      company: 'Acme Corp',
      tags: ['prospect'],
      metadata: { deal_value: 12000, source: 'cold-email' },
    },
  })
  const send = (body: object) =>
    fetch(`${BASE}/chat`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const first: any = await (await send({ message, context: { contact_id: contact.body.id }, stream: false })).json()
  assertReply(first)
  const second: any = await (await send({ message, conversation_id: first.conversation_id })).json()
  assert.equal(second.conversation_id, first.conversation_id)
  assert.equal(
    (await parley.call('GET', `/v1/conversations/${first.conversation_id}`)).body.contact_id,
    contact.body.id,
  )
  const streamed = await send({ message, conversation_id: first.conversation_id, stream: true })
  assert.match(streamed.headers.get('content-type') ?? '', /^text\/event-stream/)
  const frames = []
  for await (const frame of framesAsTheyCome(streamed)) frames.push(frame)
  assertReply(frames.at(-1)!.data.message)
})

// --- klairo: errors and limits ---

test('klairo: every error has the printed shape, and every response says what is left', async () => {
  const wrong: [number, string, Promise<Answer>][] = [
    [400, 'BAD_REQUEST', parley.call('POST', '/v1/chat', { body: {} })],
    [400, 'BAD_REQUEST', parley.call('GET', '/v1/contacts?limit=101')],
    [401, 'UNAUTHORIZED', parley.call('POST', '/v1/chat', { key: null, body: { message } })],
    [
      401,
      'UNAUTHORIZED',
      parley.call('GET', '/v1/contacts', {
        key: 'kl_live_a1b2c3d4e5f67890abcdef1234567890abcdef1234567890abcdef12345678',
      }),
    ],
    [404, 'NOT_FOUND', parley.call('GET', '/v1/contacts/cnt_01JNABC123')],
    [404, 'NOT_FOUND', parley.call('GET', '/v1/nothing-here')],
    [426, 'UPGRADE_REQUIRED', parley.call('GET', '/v1/contacts', { headers: { 'x-forwarded-proto': 'http' } })],
  ]
  for (const [status, code, asked] of wrong) {
    const { body, headers, status: seen } = await asked
    assert.equal(seen, status, JSON.stringify(body))
    assert.equal(body.error.code, code)
    assert.equal(body.error.status, status)
    assert.equal(typeof body.error.message, 'string')
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
    for (const name of ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'])
      assert.match(headers.get(name) ?? '', /^\d+$/, name)
  }
  const missing = await parley.call('GET', '/v1/contacts', { key: null })
  assert.equal(missing.body.error.message, 'Bearer token is missing or invalid.')
  const fine = await parley.call('GET', '/v1/contacts')
  assert.ok(Number(fine.headers.get('X-RateLimit-Reset')) > Date.parse('2026-01-01') / 1_000)
})

test('klairo: a key begins as the page says, is shown once, and can be validated', async () => {
  const { live_key, sandbox_key } = await parley.credentials()
  assert.match(live_key, /^kl_live_/)
  assert.match(sandbox_key, /^kl_test_/)
  const { status, body } = await parley.call('GET', '/v1/api-keys/validate')
  assert.equal(status, 200)
  assert.equal(body.valid, true)
})

// --- klairo: webhooks ---

type Received = { event: any; headers: IncomingHttpHeaders }
type Receiver = { url: string; secret: string; received: Received[]; refused: number; status: number; server: Server }

const receivers: Server[] = []
after(() => {
  for (const server of receivers) {
    server.closeAllConnections()
    server.close()
  }
})

// The handler is the printed one, line for line, in Express' clothes: `req.body` is the raw body, as express.raw leaves it.
const startReceiver = async (): Promise<Receiver> => {
  const receiver: Receiver = { url: '', secret: '', received: [], refused: 0, status: 200, server: createServer() }
  // biome-ignore format: as it is printed.
  const handle = (req: { headers: IncomingHttpHeaders; body: Buffer }, res: { status(code: number): { send(text: string): void }; sendStatus(code: number): void }) => {
    const sig     = req.headers['x-klairoai-signature'];
    const secret  = receiver.secret;
    const digest  = crypto.createHmac('sha256', secret)
                          .update(req.body)
                          .digest('hex');

    if (sig !== `sha256=${digest}`) {
      receiver.refused++
      return res.status(401).send('Invalid signature');
    }

    const event = JSON.parse(String(req.body));
    receiver.received.push({ event, headers: req.headers })
    res.sendStatus(receiver.status);
  }
  const express = (response: ServerResponse) => ({
    status: (code: number) => ({ send: (text: string) => void response.writeHead(code).end(text) }),
    sendStatus: (code: number) => void response.writeHead(code).end(),
  })
  receiver.server.on('request', async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray())
    // Whoever asks for all events hears of its own registration, perhaps before the answer with its secret.
    while (receiver.secret === '') await new Promise((resolve) => setTimeout(resolve, 5))
    handle({ headers: incoming.headers, body }, express(response))
  })
  receiver.server.listen(0, '127.0.0.1')
  await once(receiver.server, 'listening')
  receivers.push(receiver.server)
  receiver.url = `http://127.0.0.1:${(receiver.server.address() as AddressInfo).port}/webhook/klairo`
  return receiver
}

const register = async (receiver: Receiver, events: string[], key = TOKEN): Promise<any> => {
  const { status, body } = await parley.call('POST', '/v1/webhooks', {
    key,
    body: { url: receiver.url, events, description: 'Production webhook receiver' },
  })
  assert.equal(status, 201, JSON.stringify(body))
  receiver.secret = body.secret
  return body
}

test('klairo: the printed verifier accepts every delivery, whatever its event', async () => {
  const receiver = await startReceiver()
  const webhook = await register(receiver, ['contact.created', 'chat.message.created'])
  assert.match(webhook.id, /^wh_/)
  assert.equal(webhook.url, receiver.url)
  assert.deepEqual(webhook.events, ['contact.created', 'chat.message.created'])
  assert.match(webhook.secret, /^whsec_/)
  assert.equal(webhook.status, 'active')
  const [everything, aria] = [await startReceiver(), await startReceiver()]
  await register(everything, ['*'])
  await register(aria, ['aria.message'])

  const contact = await parley.call('POST', '/v1/contacts', {
    body: {
      name: 'Zoë Ünal',
      company: 'Ünal & Söhne “GmbH”',
      metadata: { emoji: '🦊', nested: { a: [1, 2.5, null] } },
    },
  })
  const chat = await parley.call('POST', '/v1/chat', { body: { message } })
  await parley.call('POST', `/v1/webhooks/${webhook.id}/test`)
  const types = (one: Receiver) => one.received.map(({ event }) => event.event)
  await eventually(
    async () => types(receiver),
    (seen) => ['contact.created', 'chat.message.created', 'test.ping'].every((type) => seen.includes(type)),
  )
  await eventually(
    async () => types(everything),
    (seen) =>
      seen.includes('conversation.opened') && seen.includes('chat.message.created') && seen.includes('contact.created'),
  )
  await eventually(
    async () => types(aria),
    (seen) => seen.includes('chat.message.created'),
  )
  assert.deepEqual(new Set(types(aria)), new Set(['chat.message.created']))
  assert.ok(!types(receiver).includes('conversation.opened'))
  assert.equal(receiver.refused + everything.refused + aria.refused, 0)

  for (const { event, headers } of [...receiver.received, ...everything.received]) {
    assert.equal(headers['x-klairoai-event'], event.event)
    assert.match(String(headers['x-klairoai-delivery']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.equal(headers['content-type'], 'application/json')
    assert.match(event.event_id, /^evt_/)
    assert.equal(new Date(event.created_at).toISOString(), event.created_at)
    assert.equal(typeof event.data, 'object')
  }
  const created = receiver.received.find(({ event }) => event.event === 'contact.created')!
  assert.deepEqual(created.event.data, contact.body)
  assert.ok(
    receiver.received.some(
      ({ event }) =>
        event.event === 'chat.message.created' && JSON.stringify(event.data).includes(chat.body.message_id),
    ),
  )
  const deliveryIds = everything.received.map(({ headers }) => headers['x-klairoai-delivery'])
  assert.equal(new Set(deliveryIds).size, deliveryIds.length)
})

test('klairo: five attempts are made, then the delivery is failed, and every attempt is logged', async () => {
  const receiver = await startReceiver()
  receiver.status = 500
  const webhook = await register(receiver, ['contact.created'])
  await parley.call('POST', '/v1/contacts', { body: { name: 'Nobody listens' } })
  const [failed] = await eventually(
    async () => (await parley.call('GET', `/v1/event-deliveries?webhook_id=${webhook.id}&status=failed`)).body.data,
    (list) => list.length === 1,
  )
  const { attempts } = (await parley.call('GET', `/v1/event-deliveries/${failed.id}`)).body
  assert.deepEqual(
    attempts.map(({ number, http_status }: any) => [number, http_status]),
    [1, 2, 3, 4, 5].map((number) => [number, 500]),
  )
  assert.equal(receiver.received.length, 5)
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['x-klairoai-delivery'])).size, 1)
})

test('klairo: a bad URL or events list is refused with 400, and a deleted webhook hears nothing more', async () => {
  for (const body of [
    { url: 'not a url', events: ['*'] },
    { url: 'https://myapp.com/hook', events: [] },
    { url: 'https://myapp.com/hook', events: ['no.such.event'] },
    { url: 'https://myapp.com/hook' },
  ]) {
    const { status } = await parley.call('POST', '/v1/webhooks', { body })
    assert.equal(status, 400, JSON.stringify(body))
  }
  const webhook = await register(await startReceiver(), ['*'])
  const deleted = await parley.call('DELETE', `/v1/webhooks/${webhook.id}`)
  assert.equal(deleted.status, 204)
  assert.equal(deleted.body, '')
  assert.equal((await parley.call('GET', `/v1/webhooks/${webhook.id}`)).status, 404)
})

// --- chatloom: two ways to carry a key ---

test('chatloom: Authorization and X-API-Key work identically', async () => {
  const paths = [
    '/v1/agents',
    '/v1/contacts?limit=5',
    '/v1/accounts',
    '/v1/contacts/cnt_01JNABC123',
    '/v1/api-keys/validate',
  ]
  const dropped = new Set(['request_id', 'usage', 'last_used_at'])
  const stable = (body: unknown) =>
    JSON.parse(JSON.stringify(body, (name, value) => (dropped.has(name) ? undefined : value)))
  for (const path of paths) {
    const bearer = await parley.call('GET', path)
    const header = await parley.call('GET', path, { key: null, headers: { 'X-API-Key': TOKEN } })
    assert.equal(header.status, bearer.status, path)
    assert.deepEqual(stable(header.body), stable(bearer.body), path)
    const both = await parley.call('GET', path, { headers: { 'X-API-Key': TOKEN } })
    assert.equal(both.status, bearer.status)
  }
  for (const headers of [{ 'X-API-Key': 'clf_your_api_key_here' }, { 'X-API-Key': '' }, { 'X-API-Key': `${TOKEN}x` }])
    assert.equal((await parley.call('GET', '/v1/agents', { key: null, headers })).status, 401)
  const { live_key } = await parley.credentials()
  assert.equal((await parley.call('GET', '/v1/agents', { headers: { 'X-API-Key': live_key } })).status, 400)
})

// --- kaicalls: scoped keys, durable events, recovery ---

const mint = async (scopes: string[]): Promise<string> => {
  const { status, body } = await parley.call('POST', '/v1/api-keys', { body: { name: 'Integration', scopes } })
  assert.equal(status, 201)
  return body.key
}

test('kaicalls: every call carries a key, and its scope decides what the call may do', async () => {
  const { body: document } = await parley.call('GET', '/openapi.json', { key: null })
  const reads = Object.entries<any>(document.paths)
    .filter(([path, { get }]) => path.startsWith('/v1/') && !path.includes('{') && get && get.security.length > 0)
    .map(([path]) => path)
  assert.ok(reads.length >= 8, reads.join())
  for (const path of reads) assert.equal((await parley.call('GET', path, { key: null })).status, 401, path)

  const reader = await mint(['contacts:read'])
  assert.equal((await parley.call('GET', '/v1/contacts', { key: reader })).status, 200)
  const refused = await parley.call('POST', '/v1/contacts', { key: reader, body: { name: 'Not allowed' } })
  assert.equal(refused.status, 403)
  assert.equal(refused.body.error.code, 'FORBIDDEN')
  assert.equal(refused.body.error.details.required_scope, 'contacts:write')
  const answered = await Promise.all(
    reads.map(async (path) => [path, (await parley.call('GET', path, { key: reader })).status] as const),
  )
  assert.deepEqual(
    answered.filter(([, status]) => status === 200).map(([path]) => path),
    ['/v1/users/me', '/v1/api-keys/validate', '/v1/contacts'],
  )
  const manager = await mint(['api_keys:manage', 'contacts:read'])
  assert.equal(
    (await parley.call('POST', '/v1/api-keys', { key: manager, body: { name: 'Beyond', scopes: ['contacts:write'] } }))
      .status,
    403,
  )
})

test('kaicalls: an endpoint that was down catches up by retry and replay from the durable record', async () => {
  const key = await mint(['contacts:write', 'webhooks:write', 'events:read', 'events:replay'])
  const call: Parley['call'] = (method, path, options = {}) => parley.call(method, path, { key, ...options })
  const receiver = await startReceiver()
  const webhook = await register(receiver, ['contact.created'], key)
  const tried = await call('POST', `/v1/webhooks/${webhook.id}/test`)
  assert.equal(tried.body.delivered, true)
  assert.equal(receiver.received[0]!.event.event, 'test.ping')

  receiver.status = 503
  const names = ['Missed one', 'Missed two']
  for (const name of names) assert.equal((await call('POST', '/v1/contacts', { body: { name } })).status, 201)
  const failed = await eventually(
    async () => (await call('GET', `/v1/event-deliveries?webhook_id=${webhook.id}&status=failed`)).body.data,
    (list) => list.length === 2,
  )
  const events = (await call('GET', '/v1/events?type=contact.created&limit=100')).body.data.filter(({ data }: any) =>
    names.includes(data.name),
  )
  assert.deepEqual(events.map(({ id }: any) => id).sort(), failed.map(({ event_id }: any) => event_id).sort())

  receiver.status = 200
  receiver.received.length = 0
  const [first, second] = events
  const retried = await call(
    'POST',
    `/v1/event-deliveries/${failed.find(({ event_id }: any) => event_id === first.id).id}/retry`,
  )
  assert.equal(retried.status, 202, JSON.stringify(retried.body))
  const replayed = await call('POST', `/v1/events/${second.id}/replay`, { body: { webhook_id: webhook.id } })
  assert.equal(replayed.status, 202, JSON.stringify(replayed.body))
  assert.equal(replayed.body.enqueued, 1)
  await eventually(
    async () => receiver.received.length,
    (count) => count === 2,
  )
  assert.deepEqual(receiver.received.map(({ headers }) => headers['webhook-id']).sort(), [first.id, second.id].sort())
  for (const { event } of receiver.received)
    assert.deepEqual(
      event,
      events.find(({ id }: any) => id === event.id),
    )
  assert.equal(receiver.received.find(({ event }) => event.id === second.id)!.headers['x-klairoai-replay'], '1')
  for (const { id } of [retried.body, { id: replayed.body.delivery_ids[0] }])
    await eventually(
      async () => (await call('GET', `/v1/event-deliveries/${id}`)).body,
      ({ status, attempts }) => status === 'delivered' && attempts.at(-1).http_status === 200,
    )
  assert.equal(receiver.refused, 0)
})
