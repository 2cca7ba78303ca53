import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { createInstaller, eventually, onPostgres, type Parley } from './parley.ts'

const skip = onPostgres ? false : 'NOT PROVED HERE: two processes need a PostgreSQL; set PARLEY_TEST_DATABASE_URL'

const minuteMs = 60_000
// A burst must end in the minute that it began in, or the next one adds to it.
const burstMs = 25_000
const maxBursts = 2

const installer = createInstaller()
after(installer.removeAll)

const install = async (environment: Record<string, string>): Promise<Parley> => {
  const parley = await installer.install(environment)
  await parley.start()
  return parley
}

type Pair = { first: Parley; second: Parley; database: pg.Client }

/** Two processes, each with a folder of its own, on one database and under one secret key. */
const installPair = async (): Promise<Pair> => {
  const shared = { PARLEY_SECRET_KEY: randomBytes(32).toString('base64'), PARLEY_CHECK_RESPONSES: 'false' }
  const first = await install(shared)
  const { DATABASE_URL = '' } = first.environment
  const second = await install({ ...shared, DATABASE_URL })
  const database = new pg.Client({ connectionString: DATABASE_URL })
  await database.connect()
  return { first, second, database }
}

/** A fresh live key of its own workspace, on a plan with these limits. */
const makeKey = async (
  { first, database }: Pair,
  limits: { perMinute?: number; perMonth?: number },
): Promise<string> => {
  const { live_key } = await first.credentials()
  const { rows } = await database.query<{ id: string }>(
    `insert into plans (id, label, requests_per_minute, key_calls_per_month, analytics, retention_days)
     values (gen_random_uuid()::text, 'Test', $1, $2, true, 30) returning id`,
    [limits.perMinute ?? null, limits.perMonth ?? null],
  )
  const made = await first.call('POST', '/v1/api-keys', {
    key: live_key,
    body: { name: 'Test', scopes: ['contacts:read'] },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  // A workspace of its own, so that no other test counts in its bucket.
  await database.query(
    `with made as (
      insert into workspaces (id, mode, name, plan_id, created_at, updated_at)
      select gen_random_uuid(), 'live', 'Test', $1, now(), now() returning id
    ) update api_keys set workspace_id = made.id from made where display_prefix = $2 and revoked_at is null`,
    [rows[0]!.id, made.body.prefix],
  )
  return made.body.key
}

const statusOf = async (parley: Parley, key: string): Promise<number> =>
  (await parley.call('GET', '/v1/contacts', { key })).status

/** Sends so many requests to each of them, many at a time, and counts the answers by status. */
const hammer = async (servers: Parley[], key: string, each: number): Promise<Map<number, number>> => {
  const statuses = new Map<number, number>()
  const client = async (server: Parley, count: number) => {
    for (let i = 0; i < count; i++) {
      const status = await statusOf(server, key)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const clients = 16
  await Promise.all(servers.flatMap((server) => Array.from({ length: clients }, () => client(server, each / clients))))
  return statuses
}

const nowIn = async ({ database }: Pair): Promise<number> =>
  Number((await database.query('select extract(epoch from clock_timestamp()) * 1000 as now')).rows[0].now)

/** Plays a burst within one minute of the database's clock. One that outlasts it is played again once it is forgotten. */
const inOneMinute = async <Result>(pair: Pair, burst: () => Promise<Result>): Promise<Result> => {
  for (let tries = 1; ; tries++) {
    const left = minuteMs - ((await nowIn(pair)) % minuteMs)
    if (tries > 1) await pause(left + minuteMs + 50)
    else if (left < burstMs) await pause(left + 50)
    const began = Math.floor((await nowIn(pair)) / minuteMs)
    const result = await burst()
    if (Math.floor((await nowIn(pair)) / minuteMs) === began) return result
    if (tries === maxBursts) throw new Error(`${maxBursts} bursts outlasted their minute, which proves nothing.`)
  }
}

describe('two processes on one PostgreSQL', { skip, timeout: 590_000 }, () => {
  let pair: Pair
  const open = async (): Promise<Pair> => {
    pair ??= await installPair()
    return pair
  }
  after(() => pair?.database.end())

  for (const perMinute of [60, 400])
    test(`${perMinute} requests a minute are ${perMinute} for both of them together`, {
      timeout: 280_000,
    }, async (t) => {
      const both = await open()
      const statuses = await inOneMinute(both, async () =>
        hammer([both.first, both.second], await makeKey(both, { perMinute }), 640),
      )
      const admitted = statuses.get(200) ?? 0
      t.diagnostic(`${admitted} of ${perMinute} admitted, ${statuses.get(429)} refused`)
      assert.deepEqual([...statuses.keys()].toSorted(), [200, 429])
      assert.ok(admitted <= perMinute, `${admitted} admitted`)
      assert.ok(admitted >= perMinute * 0.9, `${admitted} admitted`)
    })

  test('a process that is killed and started again lets nothing through a second time', {
    timeout: 280_000,
  }, async (t) => {
    const both = await open()
    const [before, after] = await inOneMinute(both, async () => {
      const key = await makeKey(both, { perMinute: 200 })
      const before = (await hammer([both.second], key, 112)).get(200) ?? 0
      assert.equal(await both.second.stop('SIGKILL'), 'SIGKILL')
      await both.second.start()
      return [before, (await hammer([both.first, both.second], key, 320)).get(200) ?? 0] as const
    })
    t.diagnostic(`${before} before the kill and ${after} after it, of 200`)
    assert.ok(before + after <= 200 && before + after >= 180, `${before} and ${after}`)
  })

  test('the calls of a month are one count, which a killed process cannot raise', { timeout: 280_000 }, async (t) => {
    const both = await open()
    const perMonth = 1_000
    const key = await makeKey(both, { perMonth })
    const before = (await hammer([both.first, both.second], key, 192)).get(200) ?? 0
    assert.equal(before, 384)
    assert.equal(await both.second.stop('SIGKILL'), 'SIGKILL')
    await both.second.start()
    const after = await hammer([both.first, both.second], key, 640)
    // What a process did not use comes back within a second.
    await pause(2_500)
    const last = await hammer([both.first], key, 32)
    const admitted = before + (after.get(200) ?? 0) + (last.get(200) ?? 0)
    t.diagnostic(`${admitted} of ${perMonth} calls admitted`)
    assert.ok(admitted <= perMonth && admitted >= perMonth * 0.98, `${admitted} admitted`)
    const { status, headers, body } = await both.first.call('GET', '/v1/contacts', { key })
    assert.deepEqual([status, body.error.details.plan_limit], [429, 'key_calls_per_month'])
    assert.ok(Number(headers.get('retry-after')) >= 1)
  })

  test('a key and a person may have a minute of their own, which both processes keep', {
    timeout: 280_000,
  }, async () => {
    const both = await open()
    const { live_key, admin_email, admin_password } = await both.first.credentials()
    const login = await both.first.call('POST', '/v1/auth/login', {
      key: null,
      body: { email: admin_email, password: admin_password },
    })
    assert.equal(login.status, 200, JSON.stringify(login.body))
    const own = await both.first.call('POST', '/v1/api-keys', {
      key: live_key,
      body: { name: 'Slow', scopes: ['contacts:read'], requests_per_minute: 12 },
    })
    await both.database.query(
      `insert into plans (id, label, key_requests_per_minute, analytics, retention_days) values ('own', 'Own', 32, true, 30)`,
    )
    const held = await both.database.query<{ id: string; plan_id: string }>(
      `update workspaces w set plan_id = 'own' from workspaces old where old.id = w.id returning w.id, old.plan_id`,
    )
    try {
      // A changed plan holds within a second.
      await pause(1_100)
      const [byKey, byPerson, withoutLimit] = await inOneMinute(
        both,
        async () =>
          [
            await hammer([both.first, both.second], own.body.key, 64),
            await hammer([both.first, both.second], login.body.token, 64),
            await statusOf(both.first, live_key),
          ] as const,
      )
      assert.deepEqual([byKey.get(200), byKey.get(429)], [12, 116])
      assert.deepEqual([byPerson.get(200), byPerson.get(429)], [32, 96])
      assert.equal(withoutLimit, 200)
    } finally {
      for (const { id, plan_id } of held.rows)
        await both.database.query('update workspaces set plan_id = $1 where id = $2', [plan_id, id])
    }
  })

  test('while requests cannot be counted, reads pass, writes are refused, and pages go on', async () => {
    const both = await open()
    const key = await makeKey(both, { perMinute: 100 })
    const { sandbox_key } = await both.first.credentials()
    const agent = await both.first.call('POST', '/v1/agents', { key: sandbox_key, body: { name: 'Shop' } })
    const path = `/v1/agents/${agent.body.id}/widget-keys`
    const widget = await both.first.call('POST', path, { key: sandbox_key, body: {} })
    await both.database.query('alter table request_windows rename to request_windows_away')
    try {
      const read = await both.first.call('GET', '/v1/contacts', { key })
      assert.deepEqual([read.status, read.headers.get('x-ratelimit-remaining')], [200, '0'])
      const write = await both.first.call('POST', '/v1/contacts', { key, body: { name: 'Sam' } })
      assert.deepEqual([write.status, write.body.error.code], [503, 'SERVICE_UNAVAILABLE'])
      const visit = await both.first.call('POST', '/widget/v1/conversations', { key: widget.body.key, body: {} })
      assert.deepEqual([visit.status, visit.headers.get('x-ratelimit-remaining')], [201, '19'])
    } finally {
      await both.database.query('alter table request_windows_away rename to request_windows')
    }
    await eventually(
      async () => (await both.first.call('GET', '/v1/contacts', { key })).headers.get('x-ratelimit-remaining'),
      (remaining) => Number(remaining) > 0,
    )
  })

  test('what two processes count of a key without a quota adds up', async () => {
    const both = await open()
    const key = await makeKey(both, {})
    await hammer([both.first, both.second], key, 48)
    // Looking is a call as well.
    let looked = 0
    await eventually(
      async () => {
        looked++
        return (await both.first.call('GET', '/v1/api-keys/validate', { key })).body.usage - looked
      },
      (usage) => usage === 96,
    )
  })

  test('a key that one process revokes is refused by the other', async (t) => {
    const both = await open()
    const { live_key } = await both.first.credentials()
    const took: number[] = []
    for (let i = 0; i < 8; i++) {
      const made = await both.first.call('POST', '/v1/api-keys', {
        key: live_key,
        body: { name: 'Short-lived', scopes: ['contacts:read'] },
      })
      assert.equal(await statusOf(both.second, made.body.key), 200)
      await pause(100 * i)
      assert.equal(await statusOf(both.second, made.body.key), 200)
      const gone = await both.first.call('DELETE', `/v1/api-keys/${made.body.id}`, { key: live_key })
      assert.equal(gone.status, 204)
      assert.equal(await statusOf(both.first, made.body.key), 401)
      const revokedAt = performance.now()
      while ((await statusOf(both.second, made.body.key)) !== 401)
        assert.ok(performance.now() - revokedAt < 20_000, 'the other process never heard of it')
      took.push(performance.now() - revokedAt)
    }
    t.diagnostic(
      `refused by the other process after ${took.map((ms) => ms.toFixed(0)).join(', ')} ms; at most ${Math.max(...took).toFixed(0)} ms (goal ≤ 1000)`,
    )
  })
})
