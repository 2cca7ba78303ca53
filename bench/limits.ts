import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Pool } from 'undici'
import { systemClock } from '../server/src/base/clock.ts'
import { openDatabase } from '../server/src/database/open.ts'
import { createKeyFormat, insertKey } from '../server/src/domain/api-keys/index.ts'
import { createKeyCache } from '../server/src/http/key-cache.ts'
import { createLeasedLimiter } from '../server/src/http/leased-limiter.ts'
import { createRequestWindows } from '../server/src/http/request-windows.ts'
import { makeCtx, makeWorkspace } from '../server/test/make.ts'
import { startPostgres } from '../server/test/postgres-server.ts'
import { cpuSeconds, freePort, median, startScript, stopProcess } from './processes.ts'

const limitsServer = fileURLToPath(new URL('./limits-server.ts', import.meta.url))
const rounds = 9
const checksPerRound = 20_000
const requestsPerRound = 4_000
const connections = 16

const spread = (values: number[], digits = 1): string =>
  `${median(values).toFixed(digits)} (rounds ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

/** How long the check of a key takes that was checked a moment ago. */
const benchCheck = async (url: string): Promise<void> => {
  const database = await openDatabase({ url, folder: null })
  const keys = createKeyFormat({ brand: 'ply', pepper: Buffer.alloc(32, 7) })
  const cache = createKeyCache({ database, keys, clock: systemClock, onError: (error) => console.error(error) })
  const ctx = makeCtx(database, await makeWorkspace(database))
  const { key } = await insertKey(ctx, ctx.db, { name: 'Bench', scopes: ['contacts:read'], expiresAt: null }, keys)
  const [p50, p99, cpu]: number[][] = [[], [], []]
  for (let round = 0; round <= rounds; round++) {
    const took: number[] = []
    const before = process.cpuUsage()
    for (let i = 0; i < checksPerRound; i++) {
      const begun = performance.now()
      const holder = await cache.find(key)
      await cache.count(holder!)
      took.push((performance.now() - begun) * 1_000)
    }
    const { user, system } = process.cpuUsage(before)
    // The first round only warms up.
    if (round === 0) continue
    const sorted = took.toSorted((a, b) => a - b)
    p50!.push(sorted[checksPerRound / 2]!)
    p99!.push(sorted[Math.floor(checksPerRound * 0.99)]!)
    cpu!.push((user + system) / checksPerRound)
  }
  console.log(
    `key check, cached: p50 ${spread(p50!)} µs, p99 ${spread(p99!)} µs (goal ≤ 1000), CPU ${spread(cpu!)} µs; ${rounds} rounds of ${checksPerRound}`,
  )
  await cache.flush()
  await database.close()
}

/** What a limit costs the database, and how fast it lets requests through. */
const benchLeases = async (url: string): Promise<void> => {
  const database = await openDatabase({ url, folder: null })
  const windows = createRequestWindows(database.system, systemClock)
  for (const perMinute of [60, 300, 6_000]) {
    const [perSecond, statements, cpu]: number[][] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      let leases = 0
      const limiter = createLeasedLimiter({
        clock: systemClock,
        lease: (...asked) => {
          leases++
          return windows(...asked)
        },
        onError: (error) => {
          throw error
        },
      })
      // Buckets enough that the limit is never the end of a round.
      const buckets = Array.from({ length: Math.ceil(12_000 / perMinute) }, (_, i) => ({
        name: `bench ${perMinute} ${round} ${i}`,
        perMinute,
      }))
      let next = 0
      let admitted = 0
      const before = process.cpuUsage()
      const begun = performance.now()
      const client = async () => {
        while (next < buckets.length * perMinute) {
          const { allowed } = await limiter.take([buckets[Math.floor(next++ / perMinute)]!])
          if (allowed) admitted++
        }
      }
      await Promise.all(Array.from({ length: connections }, client))
      const { user, system } = process.cpuUsage(before)
      perSecond!.push((admitted / (performance.now() - begun)) * 1_000)
      statements!.push(leases / admitted)
      cpu!.push((user + system) / admitted)
    }
    console.log(
      `${perMinute} a minute: ${spread(statements!, 4)} leases a request, ${spread(cpu!)} µs CPU, ${spread(perSecond!, 0)} requests a second`,
    )
  }
  await database.close()
}

type Target = { origin: string; pid: number; key: string }

// So many addresses that nobody is refused who calls without a key.
const addresses = Array.from({ length: 200 }, (_, i) => `10.0.0.${i + 1}`)

const fire = async ({ origin, pid, key }: Target, path: string): Promise<number> => {
  const pool = new Pool(origin, { connections })
  const before = cpuSeconds(pid)
  let left = requestsPerRound
  const client = async () => {
    while (left-- > 0) {
      const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': addresses[left % addresses.length]! }
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers })
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${await body.text()}`)
      await body.dump()
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  await pool.close()
  return ((cpuSeconds(pid) - before) / requestsPerRound) * 1e6
}

const plans = [
  { id: 'unlimited', label: 'no limits' },
  { id: 'bench', label: 'a limit a minute and a quota a month' },
]

/** What a key, its limits, its month and the request log add to an endpoint that does nothing. */
const benchServer = async (url: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const port = await freePort()
  const file = join(folder, 'key.json')
  const server = await startScript([limitsServer, String(port), url, file], 'listening')
  const admin = new pg.Client({ connectionString: url })
  try {
    await admin.connect()
    await admin.query(
      `insert into plans (id, label, requests_per_minute, key_calls_per_month, analytics, retention_days)
       values ('bench', 'Bench', 1000000, 100000000, true, 1)`,
    )
    const { workspaceId, key } = JSON.parse(await readFile(file, 'utf8'))
    const target = { origin: `http://127.0.0.1:${port}`, pid: server.pid!, key }
    for (const { id, label } of plans) {
      await admin.query('update workspaces set plan_id = $1 where id = $2', [id, workspaceId])
      const rows = []
      for (let round = 0; round <= rounds; round++)
        rows.push({
          key: await fire(target, '/bench/key'),
          open: await fire(target, '/bench/open'),
          bare: await fire(target, '/bench/bare'),
        })
      // The first round only warms up.
      const kept = rows.slice(1)
      console.log(
        `key, limits and request log with ${label}: ${spread(kept.map((row) => row.key - row.open))} µs CPU added to the same endpoint for everybody (goal ≤ 25), ` +
          `${spread(kept.map((row) => row.key - row.bare))} to a bare route; ${spread(kept.map((row) => row.key))} in all`,
      )
    }
  } finally {
    await admin.end()
    await stopProcess(server)
    await rm(folder, { recursive: true, force: true })
  }
}

/** What it costs to know who calls and to count it, on a PostgreSQL with fsync on. */
export const benchLimits = async (): Promise<void> => {
  const postgres = await startPostgres()
  try {
    console.log(`limits on ${postgres.version}, Node ${process.version}`)
    await benchCheck(postgres.url)
    await benchLeases(postgres.url)
    await benchServer(postgres.url)
  } finally {
    await postgres.stop()
  }
}
