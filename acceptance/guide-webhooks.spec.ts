import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { endOf, eventually, freePort, installParley, type Launched, launch, type Parley } from './parley.ts'

// The page of the guide as somebody follows it: every block that can run is run, letter for letter.

const run = promisify(execFile)
const packages = fileURLToPath(new URL('../node_modules', import.meta.url))

let parley: Parley
let key = ''
let blocks: { language: string; text: string }[] = []
const launched: Launched[] = []
const sink = createServer((request, response) => request.resume().on('end', () => response.writeHead(204).end()))

before(async () => {
  const page = await readFile(new URL('../docs/guide/webhooks.md', import.meta.url), 'utf8')
  blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }))
  parley = await installParley()
  await parley.start()
  key = (await parley.credentials()).sandbox_key
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
})

after(async () => {
  for (const one of launched) {
    one.child.kill()
    await endOf(one)
  }
  sink.closeAllConnections()
  sink.close()
  await parley.remove()
})

const blocksIn = (language: string): string[] =>
  blocks.filter((one) => one.language === language).map(({ text }) => text)

const environment = (more: Record<string, string>) => ({
  PATH: process.env.PATH ?? '',
  NODE_PATH: packages,
  BASE: parley.baseUrl,
  KEY: key,
  ...more,
})

const startProgram = async (name: string, text: string, more: Record<string, string>): Promise<Launched> => {
  const file = join(parley.folder, name)
  await writeFile(file, text)
  const one = launch(parley.folder, environment(more), [file])
  launched.push(one)
  return one
}

const runProgram = async (name: string, text: string, more: Record<string, string>): Promise<string> => {
  const file = join(parley.folder, name)
  await writeFile(file, text)
  return (await run(process.execPath, [file], { cwd: parley.folder, env: environment(more) })).stdout
}

const register = async (port: number, events: string[]) => {
  const body = { url: `http://127.0.0.1:${port}/hooks/parley`, events }
  const made = await parley.call('POST', '/v1/webhooks', { body })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return made.body as { id: string; secret: string }
}

const makeContacts = async (count: number): Promise<void> => {
  const contact = { name: 'Zoë Ünal', company: 'Acme Corp', tags: ['client'] }
  for (let n = 0; n < count; n++) await parley.call('POST', '/v1/contacts', { body: contact })
}

const listening = (port: number) =>
  eventually(
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
    Boolean,
  )

test('both receivers of the page accept every delivery and refuse a tampered one, and nothing is found missing', async () => {
  const [plainReceiver, standardReceiver, checkProgram, ...more] = blocksIn('js')
  assert.deepEqual(more, [])
  const ports = [await freePort(), await freePort()]
  const [plain, standard] = [
    await register(ports[0]!, ['contact.created']),
    await register(ports[1]!, ['contact.created']),
  ]
  const first = await startProgram('plain.cjs', plainReceiver!, {
    PORT: String(ports[0]),
    PARLEY_WEBHOOK_SECRET: plain.secret,
  })
  await startProgram('standard.cjs', standardReceiver!, {
    PORT: String(ports[1]),
    PARLEY_WEBHOOK_SECRET: standard.secret,
  })
  for (const port of ports) await listening(port)
  await makeContacts(8)
  await eventually(
    async () => first.output().match(/^Received contact\.created evt_/gm)?.length,
    (count) => count === 8,
  )
  const received = join(parley.folder, 'received.txt')
  const stored = () => readFile(received, 'utf8').catch(() => '')
  await eventually(stored, (text) => text.split('\n').length === 9)
  for (const { id } of [plain, standard]) {
    const { body } = await eventually(
      () => parley.call('GET', `/v1/event-deliveries?webhook_id=${id}`),
      ({ body }) => body.data.every(({ status }: { status: string }) => status === 'delivered'),
    )
    assert.ok(body.data.every(({ attempt_count }: { attempt_count: number }) => attempt_count === 1))
    const tested = await parley.call('POST', `/v1/webhooks/${id}/test`)
    assert.equal(tested.body.delivered, true)
    const { url, headers, body: text } = tested.body.request
    const tampered = await fetch(url, { method: 'POST', headers, body: text.replace('test', 'best') })
    assert.deepEqual([tampered.status, await tampered.text()], [401, 'Invalid signature'])
  }

  const check = () =>
    runProgram('check.cjs', checkProgram!, { WEBHOOK_ID: standard.id, PARLEY_WEBHOOK_SECRET: standard.secret })
  assert.equal(await check(), '8 deliveries, 0 still missing, 0 expired, 0 lost\n')
  await writeFile(received, (await stored()).split('\n').slice(2).join('\n'))
  assert.equal(await check(), '8 deliveries, 0 still missing, 0 expired, 2 lost\n')
})

test('every command of the page does what it says', async () => {
  const webhook = await register((sink.address() as AddressInfo).port, ['contact.*'])
  await makeContacts(2)
  const { body } = await eventually(
    () => parley.call('GET', `/v1/event-deliveries?webhook_id=${webhook.id}&status=delivered`),
    (answer) => answer.body.data.length === 2,
  )
  const [delivery] = body.data
  const ids = { WEBHOOK_ID: webhook.id, DELIVERY_ID: delivery.id, EVENT_ID: delivery.event_id }
  const commands = blocksIn('sh')
  assert.ok(commands.length >= 10)
  for (const command of commands) {
    const script = `set -e\ncurl() { command curl --fail-with-body "$@"; }\n${command}`
    const { stdout } = await run('sh', ['-c', script], { env: environment(ids) }).catch((error) => {
      throw new Error(`${command}\nanswered ${error.stdout}`)
    })
    assert.match(stdout, /^\{"/, command)
  }
  const changed = (await parley.call('GET', `/v1/webhooks/${webhook.id}`)).body
  assert.equal(changed.filter.length, 2)
  assert.deepEqual(changed.headers, { Authorization: '••••' })
  assert.deepEqual([changed.status, changed.previous_secrets_until], ['active', null])
  const backfills = () => parley.call('GET', `/v1/backfills?webhook_id=${webhook.id}`)
  const { data } = (await eventually(backfills, (answer) => answer.body.data[0]?.status === 'completed')).body
  // What was being replayed at that moment is left to arrive by itself.
  assert.ok(data.length === 1 && data[0].enqueued > 0 && data[0].enqueued <= 10)
})
