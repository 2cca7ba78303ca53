import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import pg from 'pg'
import { startReceiver } from '../server/test/receiver.ts'
import { createInstaller, endOf, eventually, launch, main, onPostgres, type Parley, readFrames } from './parley.ts'

const skip = onPostgres ? false : 'NOT PROVED HERE: processes that each do a part need a PostgreSQL'

const { install, installed, removeAll } = createInstaller()
after(removeAll)

const newSecret = () => randomBytes(32).toString('base64')

test('on the embedded database a process does everything or refuses to start', async () => {
  const parley = await install({ DATABASE_URL: '' })
  for (const role of ['api', 'worker']) {
    const refused = launch(parley.folder, parley.environment, [main, '--role', role])
    assert.equal(await endOf(refused), 1)
    assert.match(refused.output(), /PARLEY_ROLE: the embedded database has one process, which must do everything/)
  }
  for (const args of [['--role', 'sequencer'], ['--port', '1'], ['worker']]) {
    const refused = launch(parley.folder, parley.environment, [main, ...args])
    assert.equal(await endOf(refused), 1)
    assert.match(refused.output(), /^These settings are not usable:\n {2}\S/, refused.output())
  }
})

describe('roles on one PostgreSQL', { skip, timeout: 280_000 }, () => {
  test('what is asked of one process is done by another: sources, chat, events and webhooks', {
    timeout: 150_000,
  }, async () => {
    const shared = { PARLEY_SECRET_KEY: newSecret() }
    const api = await install({ ...shared, PARLEY_ROLE: 'api' })
    await api.start()
    const worker = await install({
      ...shared,
      PARLEY_ROLE: 'worker',
      DATABASE_URL: api.environment.DATABASE_URL ?? '',
    })
    const receiver = await startReceiver()
    try {
      const webhook = await api.call('POST', '/v1/webhooks', { body: { url: receiver.url, events: ['contact.*'] } })
      const contact = await api.call('POST', '/v1/contacts', { body: { name: 'Alex' } })
      const { body: source } = await api.call('POST', '/v1/knowledge-sources', {
        body: { type: 'text', name: 'Refunds', content: 'Refunds are paid back within 5 business days.' },
      })
      // Nobody is there to do it.
      assert.equal(receiver.received.length, 0)
      assert.equal((await api.call('GET', `/v1/knowledge-sources/${source.id}`)).body.status, 'queued')

      await worker.start()
      await eventually(
        async () => (await api.call('GET', `/v1/knowledge-sources/${source.id}`)).body.status,
        (status) => status === 'ready',
      )
      await eventually(
        async () => receiver.received.length,
        (count) => count === 1,
      )
      assert.equal(JSON.parse(receiver.received[0]!.body.toString()).data.id, contact.body.id)
      await eventually(
        async () => (await api.call('GET', `/v1/event-deliveries?webhook_id=${webhook.body.id}`)).body.data[0]?.status,
        (status) => status === 'delivered',
      )
      const { sandbox_key } = await api.credentials()
      const answer = await fetch(`${api.baseUrl}/v1/chat`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sandbox_key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message: 'When are refunds paid back?', stream: true }),
      })
      const frames = readFrames(await answer.text())
      assert.equal(frames.at(-1)?.event, 'message-end')
      assert.match(frames.at(-1)?.data.message.content, /5 business days/)
    } finally {
      await receiver.stop()
    }
  })

  test('a worker answers for its health and says where the rest is', async () => {
    const [api, worker] = installed.slice(-2) as [Parley, Parley]
    assert.deepEqual((await worker.call('GET', '/healthz', { key: null })).body, { status: 'ok' })
    assert.deepEqual((await worker.call('GET', '/readyz', { key: null })).body, {
      status: 'ready',
      database: 'postgres',
    })
    const { sandbox_key } = await api.credentials()
    for (const path of ['/v1/contacts', '/docs/api', '/openapi.json'])
      assert.equal((await worker.call('GET', path, { key: sandbox_key })).status, 404)
    const { error } = (await worker.call('GET', '/v1/contacts', { key: sandbox_key })).body
    assert.match(error.message, /is a worker.* The API is /)
    assert.ok(error.docs_url.startsWith(`${worker.baseUrl}/docs/errors#`), error.docs_url)
    assert.equal((await worker.call('GET', '/docs/errors', { key: null })).status, 200)
    assert.equal(existsSync(join(worker.folder, '.parley', 'credentials.json')), false)
    assert.equal(await worker.stop(), 0)
  })

  test('processes that all start at once on an empty database come up, with one first workspace', {
    timeout: 150_000,
  }, async () => {
    const shared = { PARLEY_SECRET_KEY: newSecret() }
    const first = await install({ ...shared, PARLEY_ROLE: 'api' })
    const { DATABASE_URL = '' } = first.environment
    const others = await Promise.all(
      ['all', 'worker', 'api', 'worker'].map((role) => install({ ...shared, DATABASE_URL, PARLEY_ROLE: role })),
    )
    const all = [first, ...others]
    await Promise.all(all.map((parley) => parley.start()))
    const database = new pg.Client({ connectionString: DATABASE_URL })
    await database.connect()
    const { rows: migrations } = await database.query<{ name: string }>('select name from schema_migrations order by 1')
    const { rows: workspaces } = await database.query(`select mode from workspaces order by mode`)
    await database.end()
    const files = await readdir(new URL('../server/migrations/', import.meta.url))
    assert.deepEqual(
      migrations.map(({ name }) => name),
      files.filter((name) => name.endsWith('.sql')).toSorted(),
    )
    assert.equal(workspaces.length, 2)
    const written = all.filter(({ folder }) => existsSync(join(folder, '.parley', 'credentials.json')))
    assert.equal(written.length, 1)
    const { sandbox_key } = await written[0]!.credentials()
    for (const { call, environment } of all)
      assert.equal(
        (await call('GET', '/v1/contacts', { key: sandbox_key })).status,
        environment.PARLEY_ROLE === 'worker' ? 404 : 200,
      )
  })
})
