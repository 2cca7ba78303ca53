import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { endOf, eventually, freePort, installParley, type Launched, launch, type Parley, untilSaid } from './parley.ts'

// Written from klairo's published page alone. Of the server only the base URL, the key and the brand of the headers differ.

const express = createRequire(import.meta.url).resolve('express')

// The page's "Node.js — Express example", letter for letter.
const printedReceiver = `const crypto = require('crypto');

app.post('/webhook/klairo', express.raw({ type: '*/*' }), (req, res) => {
  const sig     = req.headers['x-klairoai-signature'];
  const secret  = process.env.KLAIRO_WEBHOOK_SECRET;
  const digest  = crypto.createHmac('sha256', secret)
                        .update(req.body)
                        .digest('hex');

  if (sig !== \`sha256=\${digest}\`) {
    return res.status(401).send('Invalid signature');
  }

  const event = JSON.parse(req.body);
  console.log('Received event:', event.event);
  res.sendStatus(200);
});`

let parley: Parley
let token = ''
let liveToken = ''
let port = 0
let webhook: any
let receiver: Launched

const post = (path: string, body?: object, key = token) => parley.call('POST', path, { key, body })
const get = (path: string) => parley.call('GET', path, { key: token })
const history = async (id = webhook.id): Promise<any[]> =>
  (await get(`/api/webhooks?action=deliveries&id=${id}`)).body.data
const heard = (): string[] => [...receiver.output().matchAll(/^Received event: (.+)$/gm)].map(([, type]) => type!)
const address = () => `http://127.0.0.1:${port}/webhook/klairo`

before(async () => {
  parley = await installParley({ PARLEY_KEY_BRAND: 'kl', PARLEY_WEBHOOK_HEADER_BRAND: 'KlairoAI' })
  await parley.start()
  const { sandbox_key, live_key } = await parley.credentials()
  token = sandbox_key
  liveToken = live_key
  port = await freePort()
})

after(async () => {
  receiver?.child.kill()
  if (receiver) await endOf(receiver)
  await parley.remove()
})

test('the printed registration is answered with the printed fields, and the secret is shown only once', async () => {
  const printed = {
    url: 'https://myapp.com/webhook/klairo',
    events: ['automation.run.completed', 'contact.created', 'chat.message.created'],
    description: 'Production webhook receiver',
  }
  const answer = await post('/api/webhooks', printed)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  assert.deepEqual(Object.keys(answer.body).sort(), ['created_at', 'events', 'id', 'secret', 'status', 'url'])
  assert.deepEqual([answer.body.url, answer.body.events, answer.body.status], [printed.url, printed.events, 'active'])
  assert.match(answer.body.id, /^wh_/)
  assert.match(answer.body.secret, /^whsec_/)
  assert.equal(new Date(answer.body.created_at).toISOString(), answer.body.created_at)

  const listed = await get('/api/webhooks')
  const { secret, ...shown } = answer.body
  assert.deepEqual(listed.body, { data: [{ ...shown, description: printed.description }], total: 1 })
  assert.ok(!JSON.stringify(listed.body).includes(secret))

  const removed = await parley.call('DELETE', `/api/webhooks/${shown.id}`, { key: token })
  assert.deepEqual([removed.status, removed.body], [204, ''])
  assert.deepEqual((await get('/api/webhooks')).body, { data: [], total: 0 })
  assert.equal((await parley.call('DELETE', `/api/webhooks/${shown.id}`, { key: token })).status, 404)
})

test('every event type of the page can be subscribed to, and `*` is all of them', async () => {
  const types = [
    'automation.run',
    'automation.run.completed',
    'aria.message',
    'plan.changed',
    'usage.limit_reached',
    'test.ping',
    'contact.created',
    'chat.message.created',
  ]
  for (const events of [types, ['*']]) {
    const { status, body } = await post('/api/webhooks', { url: 'https://myapp.com/webhook/klairo', events })
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body.events, events)
    await parley.call('DELETE', `/api/webhooks/${body.id}`, { key: token })
  }
})

test('an Invalid URL or events list is 400, a missing token 401, in the printed shape', async () => {
  const good = { url: 'https://myapp.com/webhook/klairo', events: ['*'] }
  const asked: [number, string, string, object][] = [
    [400, 'BAD_REQUEST', '', {}],
    [400, 'BAD_REQUEST', '', { ...good, url: 'not a url' }],
    [400, 'BAD_REQUEST', '', { ...good, url: 'ftp://myapp.com/' }],
    [400, 'BAD_REQUEST', '', { ...good, url: 'https://10.0.0.1/' }],
    [400, 'BAD_REQUEST', '', { ...good, events: [] }],
    [400, 'BAD_REQUEST', '', { ...good, events: 'contact.created' }],
    [400, 'BAD_REQUEST', '', { ...good, events: ['contact.exploded'] }],
    [400, 'BAD_REQUEST', '', { ...good, colour: 'red' }],
    [400, 'BAD_REQUEST', '', { ...good, id: 'wh_01h455vb4pex5vsknk084sn02q' }],
    [400, 'BAD_REQUEST', '?action=explode', good],
    [400, 'BAD_REQUEST', '?action=test', {}],
    [404, 'NOT_FOUND', '?action=test', { id: 'wh_01h455vb4pex5vsknk084sn02q' }],
    [404, 'NOT_FOUND', '?action=test&id=wh_01h455vb4pex5vsknk084sn02q', {}],
  ]
  for (const [status, code, query, body] of asked) {
    const answer = await post(`/api/webhooks${query}`, body)
    const { error } = answer.body
    assert.deepEqual([answer.status, error.code, error.status], [status, code, status], JSON.stringify([query, body]))
    assert.ok(error.message.length > 10)
  }
  for (const query of ['?action=deliveries', '?action=test', '?id=wh_01h455vb4pex5vsknk084sn02q'])
    assert.equal((await get(`/api/webhooks${query}`)).status, 400, query)
  assert.equal((await get('/api/webhooks?action=deliveries&id=wh_01h455vb4pex5vsknk084sn02q')).status, 404)

  for (const [method, path] of [
    ['POST', '/api/webhooks'],
    ['GET', '/api/webhooks'],
    ['DELETE', '/api/webhooks/wh_01JNXYZ333'],
  ] as const) {
    const { status, body } = await parley.call(method, path, { key: null, ...(method === 'POST' && { body: good }) })
    assert.equal(status, 401, `${method} ${path}`)
    assert.deepEqual(
      [body.error.code, body.error.message, body.error.status],
      ['UNAUTHORIZED', 'Bearer token is missing or invalid.', 401],
    )
  }
})

test('the printed Express receiver accepts every delivery and refuses a tampered one', async () => {
  const registered = await post('/api/webhooks', { url: address(), events: ['*'], description: 'Express' })
  webhook = registered.body
  const file = join(parley.folder, 'receiver.cjs')
  await writeFile(
    file,
    `const express = require(${JSON.stringify(express)});
const app = express();
${printedReceiver}
app.listen(${port}, '127.0.0.1', () => console.log('Listening'));`,
  )
  receiver = launch(parley.folder, { PATH: process.env.PATH ?? '', KLAIRO_WEBHOOK_SECRET: webhook.secret }, [file])
  await untilSaid(receiver, 'Listening')
  // The first event tells of the registration itself, when its secret could not be known here.
  const [first] = await eventually(history, ([newest]) => newest?.attempts.length === 1)
  assert.equal(first.event, 'webhook.created')
  await post(`/v1/event-deliveries/${first.id}/retry`)

  const made = 12
  for (let n = 0; n < made; n++)
    await post('/api/contacts', {
      name: `Zoë Ünal ${n} \u2028 “Söhne”`,
      metadata: { emoji: '🦊', nested: [1, 2.5, null] },
    })
  const chat = await post('/api/chat', { message: 'What was the last follow-up?' })
  assert.equal(chat.status, 200)
  const tested = await post('/api/webhooks?action=test', { id: webhook.id })
  assert.equal(tested.status, 200, JSON.stringify(tested.body))
  assert.equal(tested.body.delivered, true)
  assert.equal((await post(`/api/webhooks?action=test&id=${webhook.id}`)).body.delivered, true)

  await eventually(
    async () => heard(),
    (types) =>
      types.filter((type) => type === 'contact.created').length === made && types.includes('chat.message.created'),
  )
  assert.equal(heard().filter((type) => type === 'test.ping').length, 2)
  const deliveries = await eventually(history, (list) => list.every(({ status }) => status === 'delivered'))
  assert.ok(deliveries.length > made)
  for (const { id, attempts } of deliveries) {
    assert.equal(attempts.length, id === first.id ? 2 : 1)
    assert.deepEqual(
      [attempts.at(-1).status_code, attempts.at(-1).response_body, attempts.at(-1).error],
      [200, 'OK', null],
    )
  }

  const { headers, body } = tested.body.request
  assert.deepEqual(
    Object.keys(JSON.parse(body))
      .filter((name) => ['event', 'event_id', 'created_at', 'data'].includes(name))
      .sort(),
    ['created_at', 'data', 'event', 'event_id'],
  )
  assert.equal(headers['X-KlairoAI-Event'], 'test.ping')
  assert.match(headers['X-KlairoAI-Delivery'], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.equal(
    headers['X-KlairoAI-Signature'],
    `sha256=${createHmac('sha256', webhook.secret).update(body).digest('hex')}`,
  )
  assert.ok(!JSON.stringify(headers).toLowerCase().includes('parley'))
  const send = (text: string, signature?: string) =>
    fetch(address(), {
      method: 'POST',
      body: text,
      headers: { ...headers, ...(signature && { 'X-KlairoAI-Signature': signature }) },
    })
  assert.equal((await send(body)).status, 200)
  for (const [text, signature] of [
    [body.replace('test delivery', 'real payment')],
    [`${body} `],
    [body, `sha256=${'0'.repeat(64)}`],
    [body, `sha256=${createHmac('sha256', `${webhook.secret}x`).update(body).digest('hex')}`],
  ] as [string, string?][]) {
    const refused = await send(text, signature)
    assert.deepEqual([refused.status, await refused.text()], [401, 'Invalid signature'])
  }
})

test('while its secret is rotated, the receiver that knows only the old one goes on accepting', async () => {
  const rotated = await post(`/v1/webhooks/${webhook.id}/rotate-secret`, {})
  assert.equal(rotated.status, 200)
  const before = heard().length
  for (let n = 0; n < 5; n++) await post('/api/contacts', { name: `During ${n}` })
  await eventually(
    async () => heard().slice(before),
    (types) => types.filter((type) => type === 'contact.created').length === 5,
  )
  const deliveries = await eventually(history, (list) => list.every(({ status }) => status === 'delivered'))
  assert.ok(deliveries.slice(0, 5).every(({ attempts }) => attempts.length === 1))
})

test('five attempts are made at the printed times, then the delivery is failed, and every attempt is logged', async () => {
  const deaf = (
    await post('/api/webhooks', { url: `http://127.0.0.1:${await freePort()}/`, events: ['contact.created'] })
  ).body
  await post('/api/contacts', { name: 'Nobody listens' })
  for (const [attempt, minutes] of [5, 30, 120, 480].entries()) {
    const [delivery] = await eventually(
      () => history(deaf.id),
      ([first]) => first?.attempts.length === attempt + 1,
    )
    assert.equal(delivery.status, 'pending')
    assert.equal(delivery.event, 'contact.created')
    const { created_at, duration_ms } = delivery.attempts.at(-1)
    const waits = Date.parse(delivery.next_attempt_at) - Date.parse(created_at) - duration_ms
    // A tenth more or less, so that what failed together does not return together; and the moment it takes to write it down.
    assert.ok(waits >= minutes * 54_000 && waits <= minutes * 66_000 + 10_000, `${minutes} min: ${waits} ms`)
    await post(`/v1/event-deliveries/${delivery.id}/retry`)
  }
  const [failed] = await eventually(
    () => history(deaf.id),
    ([first]) => first?.status === 'failed',
  )
  assert.deepEqual(
    failed.attempts.map(({ attempt, status_code, error }: any) => [attempt, status_code, error]),
    [1, 2, 3, 4, 5].map((attempt) => [attempt, null, 'The connection was refused.']),
  )
  assert.equal(failed.next_attempt_at, null)
})

test('the history is the last 50, newest first', async () => {
  for (let n = 0; n < 45; n++) await post('/api/contacts', { name: `Many ${n}` })
  await eventually(
    async () => heard().filter((type) => type === 'contact.created').length,
    (count) => count >= 60,
  )
  const list = await eventually(history, (deliveries) => deliveries.every(({ status }) => status === 'delivered'))
  assert.equal(list.length, 50)
  const ids = list.map(({ event_id }) => event_id)
  assert.deepEqual(ids, [...ids].sort().reverse())
})

test('a plan has the printed number of webhooks, and one more is 403', async () => {
  for (const [plan, allowed] of [
    ['free', 1],
    ['starter', 2],
    ['pro', 5],
  ] as const) {
    const account = await post('/v1/accounts', { name: plan, plan }, liveToken)
    assert.equal(account.status, 201, JSON.stringify(account.body))
    const minted = await parley.call('POST', '/v1/api-keys', {
      key: liveToken,
      headers: { 'Parley-Workspace': account.body.id },
      body: { name: plan, scopes: ['webhooks:write'] },
    })
    assert.equal(minted.status, 201, JSON.stringify(minted.body))
    const register = () =>
      post('/api/webhooks', { url: 'https://myapp.com/webhook/klairo', events: ['*'] }, minted.body.key)
    for (let n = 0; n < allowed; n++) {
      const { status, body } = await register()
      assert.equal(status, 201, JSON.stringify(body))
    }
    const { status, body } = await register()
    assert.deepEqual([status, body.error.code, body.error.status], [403, 'FORBIDDEN', 403], plan)
    assert.match(body.error.message, new RegExp(`allows ${allowed} webhooks?\\.`))
  }
})
