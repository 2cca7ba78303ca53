import { createHash } from 'node:crypto'
import { loadavg } from 'node:os'
import pg from 'pg'
import { newId } from '../server/src/base/ids.ts'
import { openDatabase } from '../server/src/database/open.ts'
import type { Ctx } from '../server/src/domain/context.ts'
import { type EventPage, getEvent, listEvents } from '../server/src/domain/events/index.ts'
import { eventTypes } from '../server/src/event-types.ts'
import { makeCtx } from '../server/test/make.ts'
import { startPostgres } from '../server/test/postgres-server.ts'

const year = 365
const month = 30
const others = 1_000
const subjects = 100_000
const calls = 200
const goalMs = 20
const goalRatio = 1.3
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
// Numbers of objects beside the `subjects`: one that much happens to every day, and one that something happened to once, at first.
const chatty = subjects
const onceSeen = subjects + 1
const undeliveredEvery = 977
const alwaysDelivered = 'webhook.deliveries_expired'

// A UUIDv7 of a moment in milliseconds and two numbers that tell it from others.
const idOf = (ms: string, n: string, salt: string) =>
  `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex((${n} % 4096)::int), 3, '0') || '8' || substr(md5(${n}::text || ${salt}), 1, 15))::uuid`

const subjectOf = `case when n = 2 then ${onceSeen} when n % 50 = 1 then ${chatty} else n * 7919 % ${subjects} end`

const insertDay = `
  insert into events (workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, payload)
  select w, to_timestamp(ms / 1000.0), ${idOf('ms', 'n', 'w::text')}, sequence, type, array['*', type, split_part(type, '.', 1) || '.*'],
    'contact', ${idOf('($6::bigint)', `(${subjectOf})`, "'subject'")},
    '{"id":"evt_01h455vb4pex5vsknk084sn02q","type":"' || type || '","sequence":' || sequence || ',"data":{"id":"cnt_01h455vb4pex5vsknk084sn02q","name":"Alex Johnson","email":"alex' || n || '@acmecorp.com","company":"Acme","note":"' || repeat(md5(n::text), 8) || '"}}'
  from (
    select w, sequence, n, ms, case when n % 100003 = 0 then '${rare}' else (${typeNames})[1 + (n * 31 % 8)::int] end as type from (
      select $1::uuid as w, i as sequence, i as n, $4::bigint + (i - $2::bigint) * ${dayMs} / greatest(1, $3::bigint - $2::bigint + 1) as ms
      from generate_series($2::bigint, $3::bigint) i
      union all
      select o.id, ($5::bigint - 1) * per + k, ($5::bigint * per + k) * 1000 + o.place, $4::bigint + k * ${dayMs} / (per + 1)
      from unnest($7::uuid[]) with ordinality as o (id, place), (select $8::bigint as per) p, generate_series(1, per) k
    ) made
  ) typed
  order by w, sequence`

type Loaded = { workspaceId: string; rows: number; firstDay: number }

const fillAccounts = [
  `insert into event_days (workspace_id, day, first, last, types)
   select workspace_id, (created_at at time zone 'UTC')::date, min(sequence), max(sequence), array_agg(distinct type) from events group by 1, 2`,
  `insert into event_subject_days (workspace_id, subject_id, day, types)
   select workspace_id, subject_id, (created_at at time zone 'UTC')::date, array_agg(distinct type) from events group by 1, 2, 3 order by 3`,
  'insert into event_sequences (workspace_id, last) select workspace_id, max(last) from event_days group by 1',
]

/** One large workspace and many small ones, spread evenly over so many days up to today, `perYear` events a year. */
const load = async (url: string, perYear: number, days: number): Promise<Loaded> => {
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
    const today = Math.floor(Date.now() / dayMs) * dayMs
    const firstDay = today - (days - 1) * dayMs
    const rows = Math.floor((perYear * days) / year)
    const known = await client.query(`select workspace_id from event_sequences where last = $1`, [rows])
    if (known.rows[0]) return { workspaceId: known.rows[0].workspace_id, rows, firstDay }
    const [workspaceId] = await makeWorkspaces(1)
    const small = await makeWorkspaces(others)
    const each = Math.max(1, Math.round(perYear / 10 / others / year))
    for (let day = 1; day <= days; day++) {
      const start = firstDay + (day - 1) * dayMs
      await client.query(`call ensure_day_partition('events', to_timestamp($1::bigint / 1000.0)::timestamp::date)`, [
        start,
      ])
      const [from, to] = [Math.floor((rows * (day - 1)) / days) + 1, Math.floor((rows * day) / days)]
      await client.query(insertDay, [workspaceId, from, to, start, day, firstDay - dayMs, small, each])
    }
    for (const fill of fillAccounts) await client.query(fill)
    await client.query(
      `insert into webhooks (workspace_id, id, url, events, status, created_at, updated_at) values ($1, $1, 'https://example.com', '{*}', 'active', now(), now())`,
      [workspaceId],
    )
    await client.query(
      `insert into undelivered_events (workspace_id, webhook_id, event_id, event_at, sequence, type, subject_id)
       select workspace_id, workspace_id, id, created_at, sequence, type, subject_id from events where workspace_id = $1 and sequence % ${undeliveredEvery} = 0`,
      [workspaceId],
    )
    await client.query(
      'vacuum analyze events, event_days, event_subject_days, event_sequences, undelivered_events, workspaces',
    )
    return { workspaceId: workspaceId!, rows, firstDay }
  } finally {
    await client.end()
  }
}

type Random = (below: number) => number
type Call = (random: Random) => Promise<unknown>

const quantile = (sorted: number[], part: number): number => sorted[Math.floor(sorted.length * part)]!

const random: Random = (below) => Math.floor(Math.random() * below)

const timeCall = async (call: Call): Promise<number> => {
  const begun = performance.now()
  await call(random)
  return performance.now() - begun
}

type Timed = { p25: number; p50: number; p95: number }

/** Both logs in turn, so that whatever else the machine does falls on both. */
const timeCalls = async (both: readonly [Call, Call]): Promise<[Timed, Timed]> => {
  const times: [number[], number[]] = [[], []]
  for (let i = 0; i < calls + 10; i++)
    for (const [place, call] of both.entries()) {
      const took = await timeCall(call)
      // The first of them meet a cold cache and statements that are not prepared yet.
      if (i >= 10) times[place]!.push(took)
    }
  const timed = times.map((each) => {
    const sorted = each.toSorted((a, b) => a - b)
    return { p25: quantile(sorted, 0.25), p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) }
  })
  return [timed[0]!, timed[1]!]
}

const subjectId = (n: number, firstDay: number): string => {
  const hex = createHash('md5').update(`${n}subject`).digest('hex')
  const bits = `${(firstDay - dayMs).toString(16).padStart(12, '0')}7${(n % 4096).toString(16).padStart(3, '0')}8${hex.slice(0, 15)}`
  return bits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const callsOf = (ctx: Ctx, { rows, firstDay }: Loaded, days: number): Record<string, Call> => {
  const outside = { eventTypes }
  const newest: EventPage = { limit: 20, order: 'newest', beyond: null }
  const oldest = (beyond: number): EventPage => ({ limit: 20, order: 'oldest', beyond })
  const page = (filter: Parameters<typeof listEvents>[1], at: EventPage) => listEvents(ctx, filter, at, outside)
  const anyId = async () => {
    const { rows: found } = await page({}, { limit: 1, order: 'oldest', beyond: random(rows - 1) })
    return found[0]!.id
  }
  const anyType = () => common[random(common.length)]!
  const anySubject = () => subjectId(random(subjects), firstDay)
  const window = (ms: number) => {
    const from = firstDay + random(days * dayMs - ms)
    return { from: new Date(from), to: new Date(from + ms) }
  }
  const hourMs = 3_600_000
  return {
    'first page, newest': () => page({}, newest),
    'page newest, a random place': () => page({}, { ...newest, beyond: 100 + random(rows - 100) }),
    'page after, a random place': () => page({}, oldest(random(rows - 100))),
    'page after, the first': () => page({}, oldest(0)),
    'page after, near the end': () => page({}, oldest(rows - 10 - random(1_000))),
    '100 after, a random place': () => page({}, { ...oldest(random(rows - 200)), limit: 100 }),
    'after the end': () => page({}, oldest(rows)),
    'an hour': () => page(window(hourMs), newest),
    'an hour, a type': () => page({ ...window(hourMs), type: anyType() }, newest),
    'ten days, oldest first': () => page(window(10 * dayMs), oldest(0)),
    'type, newest': () => page({ type: anyType() }, newest),
    'type, after': () => page({ type: anyType() }, oldest(random(rows))),
    'family, newest': () => page({ type: 'conversation.*' }, newest),
    'rare type, newest': () => page({ type: rare }, newest),
    'rare type, 5 newest': () => page({ type: rare }, { ...newest, limit: 5 }),
    'absent type': () => page({ type: 'invite.created' }, newest),
    'subject, newest': () => page({ subject: anySubject() }, newest),
    'subject, 5 newest': () => page({ subject: anySubject() }, { ...newest, limit: 5 }),
    'subject, after': () => page({ subject: anySubject() }, oldest(random(rows))),
    'subject with events every day, newest': () => page({ subject: subjectId(chatty, firstDay) }, newest),
    'subject with events every day, after': () => page({ subject: subjectId(chatty, firstDay) }, oldest(random(rows))),
    'subject seen once, on the first day': () => page({ subject: subjectId(onceSeen, firstDay) }, newest),
    'subject and type': () => page({ subject: anySubject(), type: anyType() }, newest),
    'subject that is not known': () => page({ subject: newId() }, newest),
    'subject that is not known, of an old id': () =>
      page({ subject: subjectId(subjects + 2 + random(1e6), firstDay) }, newest),
    'delivery_success=false': () => page({ delivered: false }, newest),
    'delivery_success=false, a random place': () => page({ delivered: false }, { ...newest, beyond: random(rows) }),
    'delivery_success=false, a type': () => page({ delivered: false, type: anyType() }, newest),
    'delivery_success=false, a type that always arrived': () =>
      page({ delivered: false, type: alwaysDelivered }, newest),
    'delivery_success=false, a subject': () => page({ delivered: false, subject: anySubject() }, newest),
    'delivery_success=false, ten days': () => page({ delivered: false, ...window(10 * dayMs) }, newest),
    'delivery_success=true': () => page({ delivered: true }, newest),
    'one event (with finding its id)': async () => getEvent(ctx, await anyId()),
  }
}

const withDatabase = (url: string, name: string): string => {
  const own = new URL(url)
  own.pathname = `/${name}`
  return String(own)
}

const ensureDatabase = async (url: string, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query('select from pg_database where datname = $1', [name])
    if (rows.length === 0) await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  return withDatabase(url, name)
}

/**
 * Pages of a log of `rows` events a year, 100,000 unless told, as requests read them: over a year of daily partitions, and
 * beside it over its first month; `wanted` are parts of the names of pages, all of them unless told. `BENCH_DATABASE_URL` names a server that keeps both logs for the next time.
 */
export const benchEventLog = async ([rows = String(fewRows), ...wanted]: string[] = []): Promise<void> => {
  const given = process.env.BENCH_DATABASE_URL
  const postgres =
    given === undefined ? await startPostgres() : { url: given, version: 'given', stop: async () => undefined }
  const open = async (days: number) => {
    const url = await ensureDatabase(postgres.url, `bench_log_${days}_${Number(rows)}`)
    const database = await openDatabase({ url, folder: null })
    const loaded = await load(url, Number(rows), days)
    return { database, calls: callsOf(makeCtx(database, loaded.workspaceId), loaded, days) }
  }
  const opened: Awaited<ReturnType<typeof open>>[] = []
  try {
    const begun = performance.now()
    const young = await open(month)
    opened.push(young)
    const old = await open(year)
    opened.push(old)
    console.log(
      `log on ${postgres.version} (PostgreSQL), Node ${process.version}: ${rows} events of one workspace in a year, a tenth of that of ${others} others, ${year} daily partitions, ready in ${((performance.now() - begun) / 1e3).toFixed(0)} s; ${calls} calls each, in turn with a log of ${month} days [load ${loadavg()[0]!.toFixed(1)}]`,
    )
    for (const [name, call] of Object.entries(old.calls)) {
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue
      const [before, now] = await timeCalls([young.calls[name]!, call])
      // By the quarter that met the least of what else the machine does.
      console.log(
        `${name}: p25 ${now.p25.toFixed(2)} ms, p50 ${now.p50.toFixed(1)} ms, p95 ${now.p95.toFixed(1)} ms (goal ≤ ${goalMs}); a year on ${(now.p25 / before.p25).toFixed(2)} of p25 ${before.p25.toFixed(2)} ms after ${month} days (goal ≤ ${goalRatio})`,
      )
    }
  } finally {
    for (const { database } of opened) await database.close()
    await postgres.stop()
  }
}
