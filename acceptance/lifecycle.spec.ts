import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openDatabase } from '../server/src/database/open.ts'
import { type OpenAiRequest, startOpenAiServer } from '../server/test/openai-server.ts'
import {
  createInstaller,
  endOf,
  eventually,
  type Frame,
  framesAsTheyCome,
  freePort,
  type Launched,
  launch as launchProcess,
  onPostgres,
  type Parley,
  untilSaid,
} from './parley.ts'

const run = promisify(execFile)
const runner = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url))
const onlyEmbedded = { skip: onPostgres ? 'several processes may share a PostgreSQL' : false }

// `node` in a pasted line is the node of these tests.
const path = `${dirname(process.execPath)}:${process.env.PATH}`

const paste = async (line: string): Promise<any> =>
  JSON.parse((await run('sh', ['-c', line], { env: { PATH: path } })).stdout)

const printedLines = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('  curl '))
    .map((line) => line.trim())

const everyEvent = async (parley: Parley): Promise<any[]> =>
  (await parley.call('GET', '/v1/events?after=0&limit=100')).body.data

/** Leases that nobody gave back, read from the database of a stopped installation. */
const heldLanes = async (parley: Parley): Promise<unknown[]> => {
  const database = await openDatabase({
    url: parley.environment.DATABASE_URL ?? null,
    folder: join(parley.folder, '.parley'),
  })
  const lanes = await database.system
    .selectFrom('lanes')
    .select(['kind', 'key', 'lease_until'])
    .where('lease_owner', 'is not', null)
    .where('lease_until', '>', new Date())
    .execute()
  await database.close()
  return lanes
}

const launched: Launched[] = []
const launch = (...given: Parameters<typeof launchProcess>): Launched => {
  const one = launchProcess(...given)
  launched.push(one)
  return one
}

const { install, removeAll } = createInstaller()

let parley: Parley

before(async () => {
  parley = await install()
  await parley.start()
})

after(async () => {
  for (const { child, ended } of launched) {
    child.kill('SIGTERM')
    await ended
  }
  await removeAll()
})

test('the first start writes the seven credentials, readable by their owner alone', async () => {
  const { mode } = await stat(join(parley.folder, '.parley', 'credentials.json'))
  assert.equal(mode & 0o777, 0o600)
  const credentials = await parley.credentials()
  assert.deepEqual(Object.keys(credentials), [
    'base_url',
    'workspace_id',
    'live_key',
    'sandbox_key',
    'sandbox_workspace_id',
    'admin_email',
    'admin_password',
  ])
  assert.equal(credentials.base_url, parley.baseUrl)
  for (const [kind, key, workspaceId] of [
    ['live', credentials.live_key, credentials.workspace_id],
    ['test', credentials.sandbox_key, credentials.sandbox_workspace_id],
  ] as const) {
    assert.match(key, new RegExp(`^ply_${kind}_[0-9A-Za-z]{36}$`))
    const account = await parley.call('GET', '/v1/accounts', { key })
    assert.equal(account.status, 200)
    assert.ok(JSON.stringify(account.body).includes(workspaceId))
  }
})

test('the printed lines work when they are pasted into a shell', async () => {
  const lines = printedLines(parley.output())
  assert.equal(lines.length, 3)
  const [answer, contact, events] = [await paste(lines[0]!), await paste(lines[1]!), await paste(lines[2]!)]
  assert.ok(answer.citations.length > 0, JSON.stringify(answer))
  assert.match(contact.id, /^cnt_/)
  assert.ok(events.data.length > 0)
})

test('it says that it lives, that it is ready, and what it can do', async () => {
  const anyone = { key: null }
  assert.deepEqual((await parley.call('GET', '/healthz', anyone)).body, { status: 'ok' })
  assert.deepEqual((await parley.call('GET', '/readyz', anyone)).body, {
    status: 'ready',
    database: onPostgres ? 'postgres' : 'embedded',
  })
  const served = await parley.call('GET', '/openapi.json', anyone)
  assert.equal(served.status, 200)
  assert.match(served.body.openapi, /^3\.1/)
  for (const one of ['/v1/chat', '/v1/contacts', '/v1/events', '/v1/webhooks', '/healthz'])
    assert.ok(served.body.paths[one], one)
})

test('the sandbox agent answers from the guide with the exact place, and hands over what the guide does not cover', async () => {
  const covered = await parley.call('POST', '/v1/chat', { body: { message: 'How do I verify a webhook signature?' } })
  assert.equal(covered.body.handoff, null, JSON.stringify(covered.body))
  const [citation] = covered.body.citations
  assert.match(citation.source_name, /webhook/i)
  const content = await parley.call('GET', `/v1/knowledge-sources/${citation.source_id}/content`)
  const document = content.body.data.find((one: { id: string }) => one.id === citation.document_id)
  assert.equal(document.text.slice(citation.start, citation.end), citation.quote)
  const page = await readFile(new URL('../docs/guide/webhooks.md', import.meta.url), 'utf8')
  assert.ok(
    page.replaceAll(/[`*]/g, '').includes(citation.quote.split('\n')[0].replaceAll(/[`*]/g, '')),
    citation.quote,
  )
  const foreign = await parley.call('POST', '/v1/chat', { body: { message: 'What is the capital of Peru?' } })
  assert.deepEqual(foreign.body.citations, [])
  assert.equal(foreign.body.handoff.state, 'requested')
  assert.doesNotMatch(foreign.body.content, /Lima/)
})

test('a second start on the same folder is refused while the first goes on', onlyEmbedded, async () => {
  const second = launch(parley.folder, { ...parley.environment, PORT: '0' })
  assert.equal(await endOf(second), 1)
  assert.match(second.output(), /in use by process \d+/)
  assert.match(second.output(), /PARLEY_DATA_DIR/)
  assert.doesNotMatch(second.output(), /\n\s+at /)
  assert.equal((await parley.call('GET', '/readyz', { key: null })).status, 200)
})

test('a taken port is said in one line that names it', async () => {
  const other = await install({ PORT: new URL(parley.baseUrl).port })
  const refused = launch(other.folder, other.environment)
  assert.equal(await endOf(refused), 1)
  assert.match(refused.output(), new RegExp(`port ${new URL(parley.baseUrl).port}\\b.*in use`, 'i'))
  assert.match(refused.output(), /\bPORT\b/)
  assert.doesNotMatch(refused.output(), /\n\s+at /)
})

test('a bad environment is refused with every bad variable named', async () => {
  const bad = {
    PORT: 'eighty',
    DATABASE_URL: 'mysql://localhost/x',
    PARLEY_SECRET_KEY: 'short',
    PARLEY_LOG_LEVEL: 'loud',
    PARLEY_WEBHOOK_RETRY_SECONDS: 'soon',
  }
  const folder = await mkdtemp(join(tmpdir(), 'parley-acceptance-'))
  const refused = launch(folder, { PATH: path, ...bad })
  assert.equal(await endOf(refused), 1)
  for (const name of Object.keys(bad)) assert.match(refused.output(), new RegExp(`${name}: `))
  assert.doesNotMatch(refused.output(), /\n\s+at /)
  await rm(folder, { recursive: true })
})

test('PORT, HOST and PARLEY_DATA_DIR are honoured, also when they change', async () => {
  const other = await install({ HOST: 'localhost', PARLEY_DATA_DIR: 'kept here/data' })
  await other.start()
  const port = new URL(other.baseUrl).port
  assert.equal((await other.credentials()).base_url, `http://localhost:${port}`)
  for (const line of printedLines(other.output())) assert.equal((await paste(line)).error, undefined)
  const { live_key, sandbox_key } = await other.credentials()
  await other.stop()

  const moved = await freePort()
  const again = launch(other.folder, { ...other.environment, HOST: '0.0.0.0', PORT: String(moved) })
  await untilSaid(again, 'Parley is ready')
  const credentials = await other.credentials()
  assert.equal(credentials.base_url, `http://127.0.0.1:${moved}`)
  assert.deepEqual([credentials.live_key, credentials.sandbox_key], [live_key, sandbox_key])
  assert.equal((await stat(join(other.folder, 'kept here', 'data', 'credentials.json'))).mode & 0o777, 0o600)
  for (const line of printedLines(again.output())) assert.equal((await paste(line)).error, undefined)
  again.child.kill('SIGTERM')
  assert.equal(await endOf(again), 0)
})

test('a restart keeps everything', async () => {
  const contact = await parley.call('POST', '/v1/contacts', { body: { name: 'Kept', email: 'kept@acmecorp.com' } })
  const minted = await parley.call('POST', '/v1/api-keys', { body: { name: 'Kept', scopes: ['contacts:read'] } })
  const chat = await parley.call('POST', '/v1/chat', {
    body: { message: 'How do I verify a webhook signature?', contact_id: contact.body.id },
  })
  const read = async () => ({
    contact: (await parley.call('GET', `/v1/contacts/${contact.body.id}`, { key: minted.body.key })).body,
    messages: (await parley.call('GET', `/v1/conversations/${chat.body.conversation_id}/messages`)).body,
    keys: (await parley.call('GET', '/v1/api-keys?limit=100')).body.data.map((key: { id: string }) => key.id),
    sources: (await parley.call('GET', '/v1/knowledge-sources?limit=100')).body,
    events: await everyEvent(parley),
  })
  await eventually(
    () => everyEvent(parley),
    (events) =>
      events.some((event) => event.type === 'conversation.opened' && event.data.contact_id === contact.body.id),
  )
  const [credentials, kept] = [await parley.credentials(), await read()]
  assert.equal(kept.messages.data.length, 2)
  assert.equal(await parley.stop('SIGTERM'), 0)
  await parley.start()
  assert.deepEqual(await parley.credentials(), credentials)
  assert.deepEqual(await read(), kept)
})

test('SIGINT ends it with 0, and a second signal changes nothing', async () => {
  assert.equal(await parley.stop('SIGINT'), 0)
  await parley.start()
  parley.child()?.kill('SIGTERM')
  parley.child()?.kill('SIGTERM')
  assert.equal(await parley.stop('SIGINT'), 0)
  await parley.start()
  assert.equal((await parley.call('GET', '/readyz', { key: null })).status, 200)
})

test('a client that never finishes its request does not hold the end up', async () => {
  const port = Number(new URL(parley.baseUrl).port)
  const half = connect(port, '127.0.0.1')
  await once(half, 'connect')
  half.on('error', () => undefined)
  half.write('POST /v1/contacts HTTP/1.1\r\nHost: parley\r\nContent-Type: application/json\r\nContent-Length: 100\r\n')
  assert.equal((await parley.call('GET', '/healthz', { key: null })).status, 200)
  assert.equal(await parley.stop('SIGTERM'), 0)
  half.destroy()
  await parley.start()
})

test('`npm start` passes SIGTERM on and ends as the server does', async () => {
  const other = await install()
  const started = launch(other.folder, { ...other.environment, PARLEY_DATA_DIR: join(other.folder, '.parley') }, [
    runner,
    'start',
  ])
  await untilSaid(started, 'Parley is ready')
  assert.equal((await other.call('GET', '/v1/accounts')).status, 200)
  started.child.kill('SIGTERM')
  assert.equal(await endOf(started), 0)
  await assert.rejects(other.call('GET', '/healthz', { key: null }))
  await other.start()
})

// Quotes the passage that speaks of the days, then says no more until it is hung up on.
const quoteAndFallSilent = ({ messages }: OpenAiRequest) => {
  const number = /<passage number="(\d+)" from="[^"]*">\n[^<]*business days/.exec(messages.at(-1)!.content)?.[1]
  return { kind: 'silent' as const, deltas: [`Refunds are paid back within 5 business days [${number}].`, ' And then'] }
}

test('SIGTERM ends an open chat with a part, keeps what was said, and frees the claim of its key', async () => {
  await using provider = await startOpenAiServer(quoteAndFallSilent)
  const other = await install({ PARLEY_MODEL_BASE_URL: provider.baseUrl, PARLEY_MODEL_NAME: 'slow' })
  await other.start()
  const source = await other.call('POST', '/v1/knowledge-sources', {
    body: { type: 'text', name: 'Refunds', content: 'Refunds are paid back within 5 business days.' },
  })
  await eventually(
    async () => (await other.call('GET', `/v1/knowledge-sources/${source.body.id}`)).body.status,
    (status) => status === 'ready',
  )
  const { sandbox_key } = await other.credentials()
  const ask = (headers: Record<string, string> = {}) =>
    fetch(`${other.baseUrl}/v1/chat`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${sandbox_key}`,
        'content-type': 'application/json',
        'idempotency-key': 'asked-once',
        ...headers,
      },
      body: JSON.stringify({ message: 'When are refunds paid back?', stream: true }),
    })
  const frames: Frame[] = []
  for await (const frame of framesAsTheyCome(await ask())) {
    frames.push(frame)
    if (frame.event === 'text-delta') other.child()?.kill('SIGTERM')
  }
  assert.equal(await other.stop('SIGTERM'), 0)
  assert.deepEqual(
    frames.map(({ event }) => event),
    ['message-start', 'text-delta', 'citation', 'error', 'message-end'],
  )
  assert.equal(frames[3]!.data.code, 'SERVICE_UNAVAILABLE')
  assert.equal(frames[3]!.data.retryable, true)
  assert.equal(frames[4]!.data.message.status, 'aborted')
  assert.deepEqual(await heldLanes(other), [])

  await other.start()
  const { conversation_id, message_id } = frames[0]!.data
  const said = await other.call('GET', `/v1/messages/${message_id}`)
  assert.equal(said.body.content, frames[1]!.data.text)
  assert.equal(said.body.status, 'aborted')
  const rest = await ask({ 'last-event-id': frames[1]!.id })
  const resumed: Frame[] = []
  for await (const frame of framesAsTheyCome(rest)) resumed.push(frame)
  assert.deepEqual(resumed, frames.slice(2))
  const retried = await ask()
  assert.equal(retried.status, 200)
  await retried.body?.cancel()
  const questions = await eventually(
    async () => (await other.call('GET', `/v1/conversations/${conversation_id}/messages`)).body.data,
    (messages) => messages.length === 3,
  )
  assert.deepEqual(
    questions.map((message: { role: string }) => message.role),
    ['user', 'assistant', 'assistant'],
  )
})

test('SIGTERM lets a delivery on its way finish, once, and gives its lane back', async (t) => {
  const seen: string[] = []
  let answerHeld = () => {}
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => {
      seen.push(String(request.headers['webhook-id']))
      answerHeld = () => response.writeHead(204).end()
    })
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.after(() => {
    receiver.closeAllConnections()
    receiver.close()
  })
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const webhook = await parley.call('POST', '/v1/webhooks', { body: { url, events: ['contact.created'] } })
  await parley.call('POST', '/v1/contacts', { body: { name: 'On its way' } })
  await eventually(
    async () => seen.length,
    (count) => count === 1,
  )
  const ended = parley.stop('SIGTERM')
  await eventually(
    () =>
      parley.call('GET', '/readyz', { key: null }).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status !== 200,
  )
  answerHeld()
  assert.equal(await ended, 0)
  assert.deepEqual(await heldLanes(parley), [])
  await parley.start()
  const [delivery] = (await parley.call('GET', `/v1/event-deliveries?webhook_id=${webhook.body.id}`)).body.data
  const { status, attempts } = (await parley.call('GET', `/v1/event-deliveries/${delivery.id}`)).body
  assert.equal(status, 'delivered')
  assert.equal(attempts.length, 1)
  assert.equal(seen.length, 1)
})

test('a port that something else holds is not waited for', async () => {
  const holder = createNetServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const port = (holder.address() as AddressInfo).port
  const other = await install({ PORT: String(port) })
  assert.equal(await endOf(launch(other.folder, other.environment)), 1)
  holder.close()
  await once(holder, 'close')
  await other.start()
})
