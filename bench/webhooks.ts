import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Pool } from 'undici'
import { deleteWebhook } from '../server/src/domain/webhooks/index.ts'
import { startPostgres } from '../server/test/postgres-server.ts'
import type { BareResult, BareRun } from './bare-sender.ts'
import type { Used } from './count-statements.ts'
import { ask, freePort, median } from './processes.ts'
import { envelopeBytes, openStage, recordEvents, type Stage, sequenceAll } from './webhooks-stage.ts'

const most = 1_000
// What the worker runs at once, over all lanes.
const atOnce = 512
const patienceMs = 600_000

const now = () => Number(process.hrtime.bigint()) / 1e6

const spread = (values: number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (rounds ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN

const say = (line: string) => console.log(`${line} [load ${loadavg()[0]!.toFixed(1)}]`)

const receivedAtLeast = async (stage: Stage, wanted: number): Promise<number> => {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const { received } = await stage.receipts()
    if (received >= wanted) return received
    if (Date.now() > deadline) throw new Error(`only ${received} of ${wanted} deliveries arrived`)
    await sleep(10)
  }
}

// --- drain ---

type Drain = { endpoints: number; window: number; deliveries: number }
type Drained = { perSecond: number; cpu: number; statements: number }

const drainOnce = async (stage: Stage, { endpoints, window, deliveries }: Drain): Promise<Drained> => {
  const webhooks = await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, endpoints), window)
    await recordEvents(ctx, deliveries / endpoints)
    await sequenceAll(database)
    return ctx.workspaceId
  })
  await stage.receipts({ reset: true, noteBy: null })
  const server = await stage.startServer()
  // Busy: between a fifth and the end, when windows are open and everything is compiled.
  const from = await receivedAtLeast(stage, deliveries / 5)
  const before = await server.used()
  const to = await receivedAtLeast(stage, deliveries)
  const after = await server.used()
  const { firstAt, lastAt } = await stage.receipts()
  await server.stop()
  if (to !== deliveries) throw new Error(`${webhooks}: ${to} deliveries of ${deliveries} arrived`)
  const per = (of: keyof Used) => (after[of] - before[of]) / (to - from)
  return { perSecond: (deliveries / (lastAt - firstAt)) * 1e3, cpu: per('cpu'), statements: per('statements') }
}

const drain = async (stage: Stage, embedded: boolean, only?: number): Promise<void> => {
  const rounds = embedded ? 2 : 3
  const sizes = embedded
    ? [{ endpoints: 10, window: 32, deliveries: 5_000 }]
    : [
        { endpoints: 1, window: 8, deliveries: 20_000 },
        { endpoints: 1, window: 32, deliveries: 20_000 },
        { endpoints: 10, window: 32, deliveries: 30_000 },
        { endpoints: most, window: 8, deliveries: 30_000 },
      ]
  for (const size of sizes.filter(({ endpoints }) => only === undefined || endpoints === only)) {
    const bareRun: BareRun = {
      ports: stage.receivers.ports.slice(0, size.endpoints),
      perEndpoint: size.window,
      atOnce,
      deliveries: size.deliveries,
      bytes: envelopeBytes,
    }
    const rows: { ours: Drained; bare: BareResult }[] = []
    for (let round = 0; round < rounds; round++)
      rows.push({ ours: await drainOnce(stage, size), bare: await ask<BareResult>(stage.bare, bareRun) })
    const goal = embedded ? 'no goal' : 'goal ≥ 6000 and ≥ 0.65'
    say(
      `drain, ${size.endpoints} endpoints with ${size.window} in flight, ${size.deliveries} deliveries: ${spread(rows.map(({ ours }) => ours.perSecond))} a second ` +
        `= ${spread(
          rows.map(({ ours, bare }) => ours.perSecond / bare.perSecond),
          2,
        )} of a bare sender's ${spread(rows.map(({ bare }) => bare.perSecond))} (${goal})`,
    )
    const statements = embedded
      ? ''
      : `; SQL statements ${spread(
          rows.map(({ ours }) => ours.statements),
          3,
        )} a delivery (goal ≤ 0.1)`
    say(
      `  CPU ${spread(rows.map(({ ours }) => ours.cpu))} µs a delivery${embedded ? ', the database included' : ' (goal ≤ 100)'}, bare ${spread(rows.map(({ bare }) => bare.cpu))}${statements}`,
    )
  }
}

// --- steady ---

const steady = async (stage: Stage): Promise<void> => {
  const [fanOut, seconds, perSecond] = [10, 10, 500]
  const rates: number[] = []
  const server = await stage.startServer()
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, fanOut), 8)
    for (let round = 0; round < 3; round++) {
      await stage.receipts({ reset: true, noteBy: null })
      const start = now()
      let recorded = 0
      while (now() - start < seconds * 1e3) {
        const owed = Math.floor(((now() - start) / 1e3) * perSecond) - recorded
        for (let n = 0; n < owed; n += 5) await recordEvents(ctx, Math.min(5, owed - n), 5)
        recorded += Math.max(0, owed)
        await sleep(10)
      }
      await receivedAtLeast(stage, recorded * fanOut)
      const { lastAt } = await stage.receipts()
      rates.push((recorded * fanOut) / ((lastAt - start) / 1e3))
    }
  })
  await server.stop()
  say(
    `steady, fan-out ${fanOut}, ${perSecond} events a second recorded by another process for ${seconds} s: ${spread(rates)} deliveries a second until the last was in (goal ≥ 3000)`,
  )
}

// --- latency ---

const callApi = async (origin: string, key: string, path: string, body: unknown): Promise<Record<string, string>> => {
  const response = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response.json() as Promise<Record<string, string>>
}

const latency = async (stage: Stage, embedded: boolean): Promise<void> => {
  const [perSecond, seconds, rounds] = [embedded ? 100 : 500, 8, embedded ? 2 : 4]
  const server = await stage.startServer()
  const url = `http://127.0.0.1:${stage.receivers.ports[0]}/`
  await callApi(server.origin, stage.sandboxKey, '/v1/webhooks', {
    url,
    events: ['contact.created'],
    max_in_flight: 32,
  })
  await stage.receipts({ reset: true, noteBy: 'external_id' })
  const pool = new Pool(server.origin, { connections: 64 })
  const headers = { authorization: `Bearer ${stage.sandboxKey}`, 'content-type': 'application/json' }
  const quantiles: { p50: number; p99: number }[] = []
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    const accepted = new Map<string, number>()
    const post = async (name: string) => {
      const body = JSON.stringify({ name: 'Alex Johnson', external_id: name, company: 'Acme Corp' })
      const response = await pool.request({ method: 'POST', path: '/v1/contacts', headers, body })
      if (response.statusCode !== 201) throw new Error(`POST /v1/contacts answered ${response.statusCode}`)
      accepted.set(name, now())
      await response.body.dump()
    }
    const start = now()
    const posts: Promise<void>[] = []
    while (now() - start < seconds * 1e3) {
      while (posts.length < ((now() - start) / 1e3) * perSecond) posts.push(post(`${round} ${posts.length}`))
      await sleep(1)
    }
    await Promise.all(posts)
    await receivedAtLeast(stage, posts.length)
    const { at } = await stage.receipts({ reset: true, withTimes: true })
    const times = at.map(([name, time]) => time - accepted.get(name)!)
    if (round > 0) quantiles.push({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) })
  }
  await pool.close()
  await server.stop()
  const goals = embedded ? ['no goal', 'no goal'] : ['goal ≤ 20', 'goal ≤ 250']
  say(
    `latency from the API's answer to the receipt, ${perSecond} a second: p50 ${spread(
      quantiles.map(({ p50 }) => p50),
      1,
    )} ms (${goals[0]}), p99 ${spread(
      quantiles.map(({ p99 }) => p99),
      1,
    )} ms (${goals[1]})`,
  )
}

// --- isolation ---

const isolation = async (stage: Stage): Promise<void> => {
  const [perSecond, seconds, rounds] = [100, 8, 5]
  const server = await stage.startServer({ PARLEY_WEBHOOK_RETRY_SECONDS: '0,1,1,1,1' })
  const { failing, slow, dripping, big, ports } = stage.receivers
  const refusing = await freePort()
  const p99s: { with: number[]; without: number[] } = { with: [], without: [] }
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, ports.slice(0, 1), 8)
    const measure = async () => {
      await stage.receipts({ reset: true, noteBy: 'webhook-id' })
      const recorded = new Map<string, number>()
      const start = now()
      while (now() - start < seconds * 1e3) {
        if (recorded.size < ((now() - start) / 1e3) * perSecond)
          for (const id of await recordEvents(ctx, 1, 1)) recorded.set(id, now())
        else await sleep(1)
      }
      await receivedAtLeast(stage, recorded.size)
      const { at } = await stage.receipts({ withTimes: true })
      return quantile(
        at.flatMap(([id, time]) => (recorded.has(id) ? [time - recorded.get(id)!] : [])),
        0.99,
      )
    }
    await measure()
    for (let round = 0; round < rounds; round++) {
      p99s.without.push(await measure())
      const bad = await stage.addWebhooks(ctx, [refusing, failing, slow, dripping, big], 8)
      p99s.with.push(await measure())
      for (const id of bad) await deleteWebhook(ctx, id)
      await sleep(500)
    }
  })
  await server.stop()
  say(
    `isolation: p99 of a healthy endpoint at ${perSecond} a second ${spread(p99s.with, 1)} ms beside one refusing, one 500, one of 14 s, one dripping and one of 10 MB, ` +
      `${spread(p99s.without, 1)} ms without = ${spread(
        p99s.with.map((value, i) => value / p99s.without[i]!),
        2,
      )} (goal ≤ 1.5)`,
  )
}

// --- fairness ---

const fairness = async (stage: Stage): Promise<void> => {
  const [pending, hundred] = [500_000, 100]
  for (const lanes of [1, most]) {
    const names = await stage.withDatabase(async (database) => {
      const big = await stage.newWorkspace(database)
      await stage.addWebhooks(big, stage.receivers.ports.slice(0, lanes), 8)
      if (lanes === 1) {
        await recordEvents(big, 1)
        await sequenceAll(database)
        await multiply(database.system, big.workspaceId, pending)
      } else {
        await recordEvents(big, pending / lanes)
        await sequenceAll(database)
      }
      return big.workspaceId
    })
    await stage.receipts({ reset: true, noteBy: null })
    const server = await stage.startServer()
    await receivedAtLeast(stage, 10_000)
    const took = await stage.withDatabase(async (database) => {
      const small = []
      for (let n = 0; n < hundred; n++) {
        const ctx = await stage.newWorkspace(database)
        await stage.addWebhooks(ctx, stage.receivers.ports.slice(n, n + 1), 8)
        small.push(ctx)
      }
      await stage.receipts({ noteBy: 'webhook-id' })
      const recorded = new Map<string, number>()
      for (const ctx of small) for (const id of await recordEvents(ctx, 1, 1)) recorded.set(id, now())
      const deadline = Date.now() + 120_000
      for (;;) {
        const { at } = await stage.receipts({ withTimes: true })
        const times = at.flatMap(([id, time]) => (recorded.has(id) ? [time - recorded.get(id)!] : []))
        if (times.length === hundred || Date.now() > deadline) return times
        await sleep(100)
      }
    })
    await server.stop()
    say(
      `fairness: beside one tenant with ${pending} pending at ${lanes} endpoints, ${took.length} of ${hundred} tenants with one each were served, the last after ${(Math.max(...took) / 1e3).toFixed(2)} s, median ${(median(took) / 1e3).toFixed(2)} s (goal ≤ 2 s)`,
    )
    await stage.withDatabase((database) =>
      sql`delete from work_items where workspace_id = ${names}`.execute(database.system),
    )
  }
}

// A long lane of deliveries of one event: what is measured is how many wait, not how they came.
const multiply = async (
  system: Parameters<Parameters<Stage['withDatabase']>[0]>[0]['system'],
  workspaceId: string,
  pending: number,
) => {
  await sql`insert into work_items (workspace_id, kind, key, band, due_at, id, attempt, payload, number, created_at)
    select workspace_id, kind, key, band, due_at, (left(id::text, 19) || right(gen_random_uuid()::text, 17))::uuid, attempt,
      payload, number + n, created_at
    from work_items, generate_series(1, ${pending}::int) n where workspace_id = ${workspaceId}`.execute(system)
}

// --- start ---

const start = async (stage: Stage): Promise<void> => {
  const pending = 1_000_000
  const prepared = await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports, 8)
    await recordEvents(ctx, pending / most)
    const begun = now()
    await sequenceAll(database)
    return { workspaceId: ctx.workspaceId, seconds: (now() - begun) / 1e3 }
  })
  say(`fan-out: ${(pending / prepared.seconds).toFixed(0)} deliveries a second enqueued, 1000 an event`)
  await stage.receipts({ reset: true, noteBy: null })
  const begun = now()
  const server = await stage.startServer()
  await receivedAtLeast(stage, 1)
  const { firstAt } = await stage.receipts()
  let peak = 0
  const until = now() + 10_000
  while (now() < until) {
    peak = Math.max(peak, (await server.used()).rss)
    await sleep(250)
  }
  const { received, lastAt } = await stage.receipts()
  await server.stop()
  await stage.withDatabase((database) =>
    sql`delete from work_items where workspace_id = ${prepared.workspaceId}`.execute(database.system),
  )
  say(
    `start with ${pending} pending: first delivery ${((firstAt - begun) / 1e3).toFixed(2)} s after the command, ${peak.toFixed(0)} MiB at most in the 10 s that follow, at ${((received / (lastAt - firstAt)) * 1e3).toFixed(0)} a second`,
  )
}

// --- soak ---

const soak = async (stage: Stage, minutes: number): Promise<void> => {
  const [fanOut, perSecond] = [10, 100]
  const server = await stage.startServer()
  const rss: number[] = []
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, fanOut), 8)
    await stage.receipts({ reset: true, noteBy: null })
    const begun = now()
    let recorded = 0
    while (now() - begun < minutes * 60_000) {
      const owed = Math.floor(((now() - begun) / 1e3) * perSecond) - recorded
      if (owed > 0) recorded += (await recordEvents(ctx, owed, 5)).length
      if (rss.length < (now() - begun) / 1e3) rss.push((await server.used()).rss)
      await sleep(10)
    }
    await receivedAtLeast(stage, recorded * fanOut)
  })
  const { received } = await stage.receipts()
  await server.stop()
  const third = Math.floor(rss.length / 3)
  const [early, late] = [median(rss.slice(third, 2 * third)), median(rss.slice(2 * third))]
  say(
    `soak, ${minutes} min, ${received} deliveries: ${early.toFixed(0)} MiB in the second third, ${late.toFixed(0)} in the last = ${(late / early).toFixed(2)}; ${Math.max(...rss).toFixed(0)} at most (goal: flat)`,
  )
}

const parts = ['drain', 'steady', 'latency', 'isolation', 'fairness', 'start', 'soak', 'embedded'] as const

/**
 * Delivery of events, each figure beside the limit of the same run, on a PostgreSQL with fsync on; what `embedded` prints has
 * no goal. `soak=10` soaks for ten minutes instead of one; `drain=10` drains ten endpoints alone.
 */
export const benchWebhooks = async (given: string[]): Promise<void> => {
  const wanted = new Map(given.map((part) => [part.split('=')[0]!, part.split('=')[1]]))
  const unknown = [...wanted.keys()].filter((name) => !parts.includes(name as (typeof parts)[number]))
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. There are: ${parts.join(', ')}.`)
  const wants = (part: (typeof parts)[number]) => wanted.size === 0 || wanted.has(part)
  if (wanted.size === 0 || [...wanted.keys()].some((name) => name !== 'embedded')) {
    const postgres = await startPostgres()
    const stage = await openStage(postgres, most)
    try {
      say(`webhooks on ${postgres.version}, Node ${process.version}`)
      if (wants('drain'))
        await drain(stage, false, wanted.get('drain') === undefined ? undefined : Number(wanted.get('drain')))
      if (wants('steady')) await steady(stage)
      if (wants('latency')) await latency(stage, false)
      if (wants('isolation')) await isolation(stage)
      if (wants('fairness')) await fairness(stage)
      if (wants('start')) await start(stage)
      if (wants('soak')) await soak(stage, Number(wanted.get('soak') ?? 1))
    } finally {
      await stage.close()
      await postgres.stop()
    }
  }
  if (!wants('embedded')) return
  const stage = await openStage(null, most)
  try {
    say(`webhooks on the embedded database, Node ${process.version}`)
    await drain(stage, true)
    await latency(stage, true)
  } finally {
    await stage.close()
  }
}
