import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Pool } from 'undici'
import { fromWireId } from '../server/src/base/ids.ts'
import { startPostgres } from '../server/test/postgres-server.ts'
import { freePort, median, startScript, stopProcess } from './processes.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const rounds = 25
const requestsPerRound = 600
const connections = 16
const clients = 16
const contactsEach = 1_000
const path = '/v1/contacts?limit=20'
// What it may add to the CPU of a list request.
const goal = 15

type Cost = { cpu: number; database: number; wall: number }

// Finer than the ticks of /proc/…/stat, so that rounds can be short and many: the machine is rarely quiet for long.
const cpuMicros = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e3,
    0,
  )

const backendsOf = async (admin: pg.Client): Promise<number[]> => {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  )
  return rows.map(({ pid }) => pid)
}

/** CPU of the server and of the database's sessions together, and time, in µs a request. */
const measure = async (
  { origin, pid, admin }: { origin: string; pid: number; admin: pg.Client },
  keys: string[],
  count: number,
): Promise<Cost> => {
  const backends = await backendsOf(admin)
  const used = () => backends.reduce((sum, each) => sum + cpuMicros(each), 0)
  const pool = new Pool(origin, { connections })
  const [serverBefore, databaseBefore, start] = [cpuMicros(pid), used(), performance.now()]
  let next = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) {
        const headers = { authorization: `Bearer ${keys[next++ % keys.length]}` }
        const response = await pool.request({ method: 'GET', path, headers })
        if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${await response.body.text()}`)
        await response.body.dump()
      }
    }),
  )
  const database = (used() - databaseBefore) / count
  const cpu = (cpuMicros(pid) - serverBefore) / count + database
  const cost = { cpu, database, wall: ((performance.now() - start) / count) * 1e3 }
  await pool.close()
  return cost
}

const postJson = async (
  url: string,
  key: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, string>> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return response.json() as Promise<Record<string, string>>
}

const makeClients = async (origin: string, key: string, admin: pg.Client): Promise<string[]> => {
  const keys = []
  for (let n = 0; n < clients; n++) {
    const { id } = await postJson(`${origin}/v1/accounts`, key, { name: `Client ${n}` })
    const headers = { 'parley-workspace': id! }
    const minted = await postJson(`${origin}/v1/api-keys`, key, { name: 'Bench', scopes: ['contacts:read'] }, headers)
    keys.push(minted.key!)
    await admin.query(
      `insert into contacts (workspace_id, id, name, email, tags, metadata, created_at, updated_at)
       select $1, gen_random_uuid(), 'Alex Johnson ' || n, 'alex' || n || '@acmecorp.com', '{prospect}', '{}', now(), now()
       from generate_series(1, $2::int) n`,
      [fromWireId('workspace', id!), contactsEach],
    )
  }
  await admin.query('vacuum analyze contacts')
  return keys
}

const setPolicies = async (admin: pg.Client, on: boolean): Promise<void> => {
  const [force, enable] = on ? ['force', 'enable'] : ['no force', 'disable']
  await admin.query(`alter table contacts ${force} row level security, ${enable} row level security`)
}

const report = (title: string, costs: Cost[], bare: Cost[]): void => {
  const added = (of: keyof Cost) => costs.map((cost, i) => (cost[of] / bare[i]![of] - 1) * 100)
  const cpu = added('cpu')
  const middle = (all: Cost[], of: keyof Cost) => median(all.map((cost) => cost[of])).toFixed(0)
  console.log(
    `${title}: CPU ${middle(costs, 'cpu')} µs a request against ${middle(bare, 'cpu')} µs = ${median(cpu).toFixed(1)} % more ` +
      `(goal ≤ ${goal} %; rounds ${Math.min(...cpu).toFixed(1)} to ${Math.max(...cpu).toFixed(1)}); database ${middle(costs, 'database')} µs against ${middle(bare, 'database')} µs; time ${median(added('wall')).toFixed(1)} % more`,
  )
}

/**
 * What row-level security adds to a list request, server and database together: the policies alone, and with the binding of
 * the session, which every request needs when workspaces take turns on a connection.
 */
export const benchRowLevelSecurity = async (): Promise<void> => {
  const postgres = await startPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const port = await freePort()
  const server = await startScript([main], 'Parley is ready', {
    cwd: folder,
    env: { PORT: String(port), DATABASE_URL: postgres.url, PARLEY_LOG_LEVEL: 'warn' },
  })
  const admin = new pg.Client({ connectionString: postgres.url })
  await admin.connect()
  try {
    const { live_key } = JSON.parse(await readFile(join(folder, '.parley', 'credentials.json'), 'utf8'))
    const target = { origin: `http://127.0.0.1:${port}`, pid: server.pid!, admin }
    const keys = await makeClients(target.origin, live_key, admin)
    const one = keys.slice(0, 1)
    const modes = [
      { name: 'bare', on: false, keys: one },
      { name: 'policies', on: true, keys: one },
      { name: 'turns without policies', on: false, keys },
      { name: 'turns', on: true, keys },
    ]
    const costs = new Map<string, Cost[]>(modes.map(({ name }) => [name, []]))
    const run = async ({ name, on, keys: used }: (typeof modes)[number], count: number, keep: boolean) => {
      await setPolicies(admin, on)
      // The first statements after a change of the table are planned anew.
      await measure(target, used, 150)
      const cost = await measure(target, used, count)
      if (keep) costs.get(name)!.push(cost)
    }
    for (const mode of modes) await run(mode, requestsPerRound, false)
    // Each round begins with another mode, so that none always follows the same one.
    for (let round = 0; round < rounds; round++)
      for (const i of modes.keys()) await run(modes[(i + round) % modes.length]!, requestsPerRound, true)
    console.log(
      `rls on ${(await admin.query('show server_version')).rows[0].server_version} (PostgreSQL), Node ${process.version}, GET ${path}, ${contactsEach} contacts each, ${connections} connections, ${rounds} rounds of ${requestsPerRound}`,
    )
    report('policies, one workspace', costs.get('policies')!, costs.get('bare')!)
    report(`policies, ${clients} workspaces in turns`, costs.get('turns')!, costs.get('turns without policies')!)
    report(`policies and binding, ${clients} in turns against one without`, costs.get('turns')!, costs.get('bare')!)
  } finally {
    await admin.end()
    await stopProcess(server)
    await rm(folder, { recursive: true, force: true })
    await postgres.stop()
  }
}
