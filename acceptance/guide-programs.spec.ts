import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, request as forward, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { eventually, freePort, installParley, type Parley } from './parley.ts'
import { blocksOf, readPage } from './paste.ts'

// The programs that the guide prints, run as they stand.

const run = promisify(execFile)

// A machine that runs other specs beside this one is slow.
const patienceMs = 60_000

type Language = { block: string; file: string; command: string; build?: string[]; start: string[] }

const languages: Language[] = [
  { block: 'js', file: 'receiver.mjs', command: process.execPath, start: [process.execPath, 'receiver.mjs'] },
  { block: 'py', file: 'receiver.py', command: 'python3', start: ['python3', 'receiver.py'] },
  {
    block: 'go',
    file: 'receiver.go',
    command: 'go',
    build: ['go', 'build', '-o', 'receiver', 'receiver.go'],
    start: ['./receiver'],
  },
]

const isThere = (command: string): Promise<boolean> =>
  run(command, [command === 'go' ? 'version' : '--version']).then(
    () => true,
    () => false,
  )

// Building Go's own library for the first time takes minutes on a busy machine.
const isWanted = ({ command }: Language): boolean => command !== 'go' || process.env.PARLEY_TEST_GO === 'true'

const skipOf = (language: Language): string | false => {
  if (!there.has(language.command)) return `SKIPPED: ${language.command} is not installed here`
  return isWanted(language) ? false : 'SKIPPED: PARLEY_TEST_GO=true builds and runs the receiver in Go'
}

const there = new Set(
  await Promise.all(languages.map(async (one) => ((await isThere(one.command)) ? one.command : ''))),
)

let parley: Parley
const ends: (() => Promise<void>)[] = []

before(async () => {
  parley = await installParley()
  await parley.start()
})

after(async () => {
  for (const end of ends) await end()
  await parley.remove()
})

const startReceiver = async ({ block, file, build, start }: Language, port: number, secret: string) => {
  const [text, ...more] = blocksOf(await readPage('../docs/guide/receivers.md'), block)
  assert.deepEqual(more, [])
  await writeFile(join(parley.folder, file), text!)
  const env = {
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    PARLEY_WEBHOOK_SECRET: secret,
    HOME: process.env.HOME ?? parley.folder,
  }
  if (build) await run(build[0]!, build.slice(1), { cwd: parley.folder, env })
  const child = spawn(start[0]!, start.slice(1), { cwd: parley.folder, env, stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  const ended = once(child, 'close')
  ends.push(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}/hook`
  await eventually(
    () =>
      fetch(url, { method: 'POST', body: '{}' }).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 401,
    patienceMs,
  )
  return { url, received: () => said.match(/^Received contact\.created evt_\w{26}$/gm) ?? [] }
}

type Delivery = { event_id: string; attempt_count: number }

const settled = (webhookId: string, count: number) =>
  eventually(
    async (): Promise<Delivery[]> =>
      (await parley.call('GET', `/v1/event-deliveries?webhook_id=${webhookId}&status=delivered`)).body.data,
    (data) => data.length === count,
    patienceMs,
  )

for (const language of languages)
  test(`the receiver in ${language.block} of the page takes every delivery once, also in a rotation, and no forged one`, {
    skip: skipOf(language),
    timeout: 280_000,
  }, async () => {
    const port = await freePort()
    const body = { url: `http://127.0.0.1:${port}/hook`, events: ['contact.created'] }
    const webhook = (await parley.call('POST', '/v1/webhooks', { body })).body
    const { url, received } = await startReceiver(language, port, webhook.secret)
    for (const name of ['Zoë Ünal', 'Ada'])
      assert.equal((await parley.call('POST', '/v1/contacts', { body: { name } })).status, 201)
    await settled(webhook.id, 2)
    assert.equal((await parley.call('POST', `/v1/webhooks/${webhook.id}/rotate-secret`, { body: {} })).status, 200)
    await parley.call('POST', '/v1/contacts', { body: { name: 'Signed with two secrets' } })
    const delivered = await settled(webhook.id, 3)
    assert.ok(delivered.every(({ attempt_count }) => attempt_count === 1))
    await eventually(
      async () => received().length,
      (count) => count === 3,
      patienceMs,
    )

    const again = { webhook_id: webhook.id }
    const { event_id } = delivered[0]!
    assert.equal((await parley.call('POST', `/v1/events/${event_id}/replay`, { body: again })).status, 202)
    await settled(webhook.id, 4)
    assert.equal(new Set(received()).size, 3)
    assert.equal(received().length, 3)

    const signer = new Webhook(webhook.secret)
    const post = (text: string, sentAt: Date, signed = text) =>
      fetch(url, {
        method: 'POST',
        body: text,
        headers: {
          'webhook-id': 'evt_forged',
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
          'webhook-signature': signer.sign('evt_forged', sentAt, signed),
        },
      }).then(({ status }) => status)
    const event = JSON.stringify({ id: 'evt_forged', type: 'contact.created' })
    const now = new Date()
    assert.equal(await post(event, now), 204)
    assert.equal(await post(event.replace('created', 'deleted'), now, event), 401)
    assert.equal(await post(event, new Date(now.getTime() - 600_000)), 401)
    assert.equal(await post(event, new Date(now.getTime() + 600_000)), 401)
  })

/** Stands before Parley: refuses the first request, carries the second out and hangs up, and then lets all through. */
const startUnreliable = async (): Promise<{ server: Server; keys: string[] }> => {
  const keys: string[] = []
  const server = createServer((request, response) => {
    keys.push(String(request.headers['idempotency-key']))
    if (keys.length === 1) {
      request.resume().on('end', () => response.writeHead(503, { 'retry-after': '0' }).end('Away'))
      return
    }
    const isLost = keys.length === 2
    const { method, headers, url } = request
    const onward = forward(parley.baseUrl + url, { method, headers }, (answer) => {
      if (isLost) answer.resume().on('end', () => request.socket.destroy())
      else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers))
    })
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, keys }
}

test('the program that repeats a request makes one contact, whatever is lost on the way', async () => {
  const { server, keys } = await startUnreliable()
  const [program, ...more] = blocksOf(await readPage('../docs/guide/reliability.md'), 'js')
  assert.deepEqual(more, [])
  const file = join(parley.folder, 'send.mjs')
  await writeFile(file, program!)
  const { port } = server.address() as AddressInfo
  const { sandbox_key: key } = await parley.credentials()
  const env = { PATH: process.env.PATH ?? '', BASE: `http://127.0.0.1:${port}`, KEY: key }
  const { stdout } = await run(process.execPath, [file], { env })
  server.closeAllConnections()
  server.close()
  const made = (await parley.call('GET', '/v1/contacts?search=rivera')).body.data
  assert.deepEqual(
    made.map(({ id }: { id: string }) => `Created ${id}\n`),
    [stdout],
  )
  assert.deepEqual([keys.length, new Set(keys).size], [3, 1])
})
