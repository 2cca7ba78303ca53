import { createHash } from 'node:crypto'
import pg from 'pg'
import { newId } from '../server/src/base/ids.ts'
import { openDatabase } from '../server/src/database/open.ts'
import type { Ctx } from '../server/src/domain/context.ts'
import { type EventPage, getEvent, listEvents } from '../server/src/domain/events/index.ts'
import { eventTypes } from '../server/src/event-types.ts'
import { makeCtx } from '../server/test/make.ts'
import { startPostgres } from '../server/test/postgres-server.ts'

const days = 365
const others = 1_000
const subjects = 100_000
const calls = 200
const goalMs = 20
const dayMs = 86_400_000
const fewRows = 100_000

const common = [
  'contact.created',
  'contact.updated',
  'conversation.opened',
  'message.received',
  'message.sent',
  'chat.message.created',
  'conversation.resolved',
  'agent.updated',
]
const rare = 'webhook.endpoint.disabled'
const typeNames = `array['${common.join("','")}']`

// A UUIDv7 of a moment in milliseconds and two numbers that tell it from others.
const idOf = (ms: string, n: string, salt: string) =>
  `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex((${n} % 4096)::int), 3, '0') || '8' || substr(md5(${n}::text || ${salt}), 1, 15))::uuid`

const insertDay = `
  insert into events (workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, payload)
  select w, to_timestamp(ms / 1000.0), ${idOf('ms', 'n', 'w::text')}, sequence, type, array['*', type, split_part(type, '.', 1) || '.*'],
    'contact', ${idOf('($6::bigint)', '(n * 7919 % $7::bigint)', "'subject'")},
    '{"id":"evt_01h455vb4pex5vsknk084sn02q","type":"' || type || '","sequence":' || sequence || ',"data":{"id":"cnt_01h455vb4pex5vsknk084sn02q","name":"Alex Johnson","email":"alex' || n || '@acmecorp.com","company":"Acme","note":"' || repeat(md5(n::text), 8) || '"}}'
  from (
    select w, sequence, n, ms, case when n % 100003 = 0 then '${rare}' else (${typeNames})[1 + (n * 31 % 8)::int] end as type from (
      select $1::uuid as w, i as sequence, i as n, $4::bigint + (i - $2::bigint) * ${dayMs} / greatest(1, $3::bigint - $2::bigint + 1) as ms
      from generate_series($2::bigint, $3::bigint) i
      union all
      select o.id, ($5::bigint - 1) * per + k, ($5::bigint * per + k) * 1000 + o.place, $4::bigint + k * ${dayMs} / (per + 1)
      from unnest($8::uuid[]) with ordinality as o (id, place), (select $9::bigint as per) p, generate_series(1, per) k
    ) made
  ) typed
  order by w, sequence`

type Loaded = { workspaceId: string; rows: number; firstDay: number }

/** One large workspace and many small ones, spread evenly over a year of partitions. */
const load = async (url: string, rows: number): Promise<Loaded> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const makeWorkspaces = async (count: number): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => newId())
    await client.query(
      `insert into workspaces (id, mode, name, plan_id, created_at, updated_at) select id, 'live', 'Bench', 'unlimited', now(), now() from unnest($1::uuid[]) id`,
      [ids],
    )
    return ids
  }
  try {
    const known = await client.query(
      `select w.id from workspaces w join event_sequences s on s.workspace_id = w.id where w.name = 'Bench' and s.last = $1`,
      [rows],
    )
    const today = Math.floor(Date.now() / dayMs) * dayMs
    const firstDay = today - (days - 1) * dayMs
    if (known.rows[0]) return { workspaceId: known.rows[0].id, rows, firstDay }
    const [workspaceId] = await makeWorkspaces(1)
    const small = await makeWorkspaces(others)
    const each = Math.max(1, Math.round(rows / 10 / others / days))
    for (let day = 1; day <= days; day++) {
      const start = firstDay + (day - 1) * dayMs
      await client.query(`call ensure_day_partition('events', to_timestamp($1::bigint / 1000.0)::timestamp::date)`, [
        start,
      ])
      const [from, to] = [Math.floor((rows * (day - 1)) / days) + 1, Math.floor((rows * day) / days)]
      await client.query(insertDay, [workspaceId, from, to, start, day, firstDay - dayMs, subjects, small, each])
    }
    await client.query(`
      insert into event_days (workspace_id, day, first, last, types)
      select workspace_id, (created_at at time zone 'UTC')::date, min(sequence), max(sequence), array_agg(distinct type) from events group by 1, 2
      on conflict do nothing`)
    await client.query(
      'insert into event_sequences (workspace_id, last) select workspace_id, max(last) from event_days group by 1 on conflict do nothing',
    )
    await client.query(
      `insert into webhooks (workspace_id, id, url, events, status, created_at, updated_at) values ($1, $1, 'https://example.com', '{*}', 'active', now(), now())`,
      [workspaceId],
    )
    await client.query(
      `insert into undelivered_events (workspace_id, webhook_id, event_id, event_at, sequence, type, subject_id)
       select workspace_id, workspace_id, id, created_at, sequence, type, subject_id from events where workspace_id = $1 and sequence % 977 = 0`,
      [workspaceId],
    )
    await client.query('vacuum analyze events, event_days, event_sequences, undelivered_events')
    return { workspaceId: workspaceId!, rows, firstDay }
  } finally {
    await client.end()
  }
}

type Call = (random: (below: number) => number) => Promise<unknown>

const quantile = (sorted: number[], part: number): number => sorted[Math.floor(sorted.length * part)]!

const timeCalls = async (call: Call): Promise<{ p50: number; p95: number }> => {
  const random = (below: number) => Math.floor(Math.random() * below)
  const times: number[] = []
  for (let i = 0; i < calls + 10; i++) {
    const begun = performance.now()
    await call(random)
    // The first of them meet a cold cache and statements that are not prepared yet.
    if (i >= 10) times.push(performance.now() - begun)
  }
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) }
}

const subjectId = (n: number, firstDay: number): string => {
  const hex = createHash('md5').update(`${n}subject`).digest('hex')
  const bits = `${(firstDay - dayMs).toString(16).padStart(12, '0')}7${(n % 4096).toString(16).padStart(3, '0')}8${hex.slice(0, 15)}`
  return bits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const callsOf = (ctx: Ctx, { rows, firstDay }: Loaded): Record<string, Call> => {
  const outside = { eventTypes }
  const newest: EventPage = { limit: 20, order: 'newest', beyond: null }
  const page = (filter: Parameters<typeof listEvents>[1], at: EventPage) => listEvents(ctx, filter, at, outside)
  const anyId = async (random: (below: number) => number) => {
    const { rows: found } = await page({}, { limit: 1, order: 'oldest', beyond: random(rows - 1) })
    return found[0]!.id
  }
  const month = Math.floor((rows * 11) / 12)
  return {
    'first page, newest': () => page({}, newest),
    'page newest, a random place': (random) => page({}, { ...newest, beyond: 100 + random(rows - 100) }),
    'page after, a random place': (random) => page({}, { limit: 20, order: 'oldest', beyond: random(rows - 100) }),
    'page after, the last month': (random) =>
      page({}, { limit: 20, order: 'oldest', beyond: month + random(rows - month - 100) }),
    'page after, the first month': (random) => page({}, { limit: 20, order: 'oldest', beyond: random(rows - month) }),
    '100 after, a random place': (random) => page({}, { limit: 100, order: 'oldest', beyond: random(rows - 200) }),
    'type, newest': (random) => page({ type: common[random(common.length)]! }, newest),
    'type, after': (random) =>
      page({ type: common[random(common.length)]! }, { limit: 20, order: 'oldest', beyond: random(rows) }),
    'family, newest': () => page({ type: 'conversation.*' }, newest),
    'rare type, newest': () => page({ type: rare }, newest),
    'absent type': () => page({ type: 'invite.created' }, newest),
    'subject, newest': (random) => page({ subject: subjectId(random(subjects), firstDay) }, newest),
    'subject without events': () => page({ subject: newId() }, newest),
    'old subject without events': (random) => page({ subject: subjectId(subjects + random(1e6), firstDay) }, newest),
    'delivery_success=false': (random) => page({ delivered: false }, { ...newest, beyond: 100_000 + random(rows) }),
    'delivery_success=false, a type': (random) =>
      page({ delivered: false, type: common[random(common.length)]! }, newest),
    'delivery_success=true': () => page({ delivered: true }, newest),
    'one event (with finding its id)': async (random) => getEvent(ctx, await anyId(random)),
  }
}

/** Pages of a log of `rows` events, 100,000 unless told, over a year of daily partitions, as requests read them. */
export const benchEventLog = async ([rows = String(fewRows)]: string[] = []): Promise<void> => {
  const given = process.env.BENCH_DATABASE_URL
  const postgres =
    given === undefined ? await startPostgres() : { url: given, version: 'given', stop: async () => undefined }
  const database = await openDatabase({ url: postgres.url, folder: null })
  try {
    const begun = performance.now()
    const loaded = await load(postgres.url, Number(rows))
    console.log(
      `log on ${postgres.version} (PostgreSQL), Node ${process.version}: ${rows} events of one workspace, a tenth of that of ${others} others, ${days} daily partitions, ready in ${((performance.now() - begun) / 1e3).toFixed(0)} s; ${calls} calls each`,
    )
    const ctx = makeCtx(database, loaded.workspaceId)
    for (const [name, call] of Object.entries(callsOf(ctx, loaded))) {
      const { p50, p95 } = await timeCalls(call)
      console.log(`${name}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms (goal ≤ ${goalMs})`)
    }
  } finally {
    await database.close()
    await postgres.stop()
  }
}
