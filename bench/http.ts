import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Pool } from 'undici'
import { fromWireId } from '../server/src/base/ids.ts'
import { startPostgres } from '../server/test/postgres-server.ts'
import { cpuSeconds, freePort, median, startScript, stopProcess } from './processes.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const bare = fileURLToPath(new URL('./bare-server.ts', import.meta.url))
const rounds = 7
const requestsPerRound = 4_000
const connections = 16

type Target = { name: string; origin: string; pid: number; key: string }
type Shot = { method: 'GET' | 'POST'; path: string; body: string | null }

const fire = async (
  target: Target,
  { method, path, body }: Shot,
  count: number,
): Promise<{ cpu: number; perSecond: number }> => {
  const pool = new Pool(target.origin, { connections })
  const headers = { authorization: `Bearer ${target.key}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const cpuBefore = cpuSeconds(target.pid)
  const start = performance.now()
  let left = count
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const response = await pool.request({ method, path, headers, body })
        if (response.statusCode >= 300)
          throw new Error(`${target.name} answered ${response.statusCode}: ${await response.body.text()}`)
        await response.body.dump()
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  await pool.close()
  return { cpu: ((cpuSeconds(target.pid) - cpuBefore) / count) * 1e6, perSecond: count / seconds }
}

const compare = async (title: string, goal: number, parley: Target, limit: Target, shot: Shot): Promise<void> => {
  await fire(parley, shot, 2_000)
  await fire(limit, shot, 2_000)
  const rows = []
  for (let round = 0; round < rounds; round++)
    rows.push({ ours: await fire(parley, shot, requestsPerRound), bare: await fire(limit, shot, requestsPerRound) })
  const ours = median(rows.map((row) => row.ours.cpu))
  const theirs = median(rows.map((row) => row.bare.cpu))
  const ratios = rows.map((row) => row.ours.cpu / row.bare.cpu)
  console.log(
    `${title}: CPU ${ours.toFixed(0)} µs a request against ${theirs.toFixed(0)} µs bare = ${median(ratios).toFixed(2)} (goal ≤ ${goal}; rounds ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}); ` +
      `${median(rows.map((row) => row.ours.perSecond)).toFixed(0)} a second against ${median(rows.map((row) => row.bare.perSecond)).toFixed(0)}`,
  )
}

/** CPU of a list and of a create against bare node:http and pg with the same statements, on a PostgreSQL with fsync on. */
export const benchHttp = async (): Promise<void> => {
  const postgres = await startPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const [port, barePort] = [await freePort(), await freePort()]
  const server = await startScript([main], 'Parley is ready', {
    cwd: folder,
    env: { PORT: String(port), DATABASE_URL: postgres.url, PARLEY_LOG_LEVEL: 'warn' },
  })
  try {
    const credentials = JSON.parse(await readFile(join(folder, '.parley', 'credentials.json'), 'utf8'))
    const workspaceId = fromWireId('workspace', credentials.workspace_id)!
    const bareServer = await startScript([bare, String(barePort), postgres.url, workspaceId], 'listening')
    try {
      const parley = { name: 'parley', origin: `http://127.0.0.1:${port}`, pid: server.pid!, key: credentials.live_key }
      const limit = { name: 'bare', origin: `http://127.0.0.1:${barePort}`, pid: bareServer.pid!, key: '' }
      const body = JSON.stringify({
        name: 'Alex Johnson',
        email: 'alex@acmecorp.com',
        company: 'Acme Corp',
        tags: ['prospect', 'proposal-sent'],
      })
      const post: Shot = { method: 'POST', path: '/v1/contacts', body }
      await fire(parley, post, 500)
      const admin = new pg.Client({ connectionString: postgres.url })
      await admin.connect()
      console.log(
        `http on ${(await admin.query('show server_version')).rows[0].server_version} (PostgreSQL), Node ${process.version}, ${connections} connections, ${rounds} rounds of ${requestsPerRound}`,
      )
      await admin.end()
      await compare('GET /v1/contacts?limit=20', 1.6, parley, limit, {
        method: 'GET',
        path: '/v1/contacts?limit=20',
        body: null,
      })
      await compare('POST /v1/contacts', 1.6, parley, limit, post)
    } finally {
      await stopProcess(bareServer)
    }
  } finally {
    await stopProcess(server)
    await rm(folder, { recursive: true, force: true })
    await postgres.stop()
  }
}
