import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { startPostgres } from '../server/test/postgres-server.ts'
import { freePort, median, startScript, stopProcess } from './processes.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const seconds = 6
const rounds = 3

const quantile = (values: number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN

/** Notes when each contact arrived. */
const startReceiver = async (): Promise<{ url: string; at: Map<string, number>; close: () => void }> => {
  const at = new Map<string, number>()
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const id = JSON.parse(text).data.id
    if (!at.has(id)) at.set(id, performance.now())
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    at,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** From the answer of a request to the arrival of its webhook, in milliseconds, at so many requests a second. */
const measure = async (url: string, roles: readonly string[], perSecond: number): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const receiver = await startReceiver()
  const secret = randomBytes(32).toString('base64')
  const ports = await Promise.all(roles.map(() => freePort()))
  const processes: ChildProcess[] = []
  try {
    for (const [i, role] of roles.entries())
      processes.push(
        await startScript([main, '--role', role], 'Parley is ready', {
          cwd: folder,
          env: {
            DATABASE_URL: url,
            PORT: String(ports[i]),
            PARLEY_SECRET_KEY: secret,
            PARLEY_DATA_DIR: join(folder, String(i)),
            PARLEY_LOG_LEVEL: 'error',
          },
        }),
      )
    const { sandbox_key } = JSON.parse(await readFile(join(folder, '0', 'credentials.json'), 'utf8'))
    const pool = new Pool(`http://127.0.0.1:${ports[0]}`, { connections: 32 })
    const headers = { authorization: `Bearer ${sandbox_key}`, 'content-type': 'application/json' }
    const post = async (path: string, body: unknown): Promise<{ id: string }> => {
      const { statusCode, body: answer } = await pool.request({
        method: 'POST',
        path,
        headers,
        body: JSON.stringify(body),
      })
      if (statusCode !== 201) throw new Error(`${path} answered ${statusCode}: ${await answer.text()}`)
      return (await answer.json()) as { id: string }
    }
    await post('/v1/webhooks', { url: receiver.url, events: ['contact.created'], max_in_flight: 32 })
    const [p50s, p99s]: [number[], number[]] = [[], []]
    for (let round = 0; round <= rounds; round++) {
      const accepted = new Map<string, number>()
      const posts: Promise<void>[] = []
      const start = performance.now()
      while (performance.now() - start < seconds * 1_000) {
        while (posts.length < ((performance.now() - start) / 1_000) * perSecond)
          posts.push(
            post('/v1/contacts', { name: 'Alex Johnson' }).then(({ id }) => void accepted.set(id, performance.now())),
          )
        await sleep(1)
      }
      await Promise.all(posts)
      while ([...accepted.keys()].some((id) => !receiver.at.has(id))) await sleep(20)
      const delays = [...accepted].map(([id, at]) => receiver.at.get(id)! - at)
      // The first round only warms up.
      if (round === 0) continue
      p50s.push(quantile(delays, 0.5))
      p99s.push(quantile(delays, 0.99))
    }
    await pool.close()
    const spread = (values: number[]) =>
      `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`
    return `p50 ${spread(p50s)} ms, p99 ${spread(p99s)} ms`
  } finally {
    receiver.close()
    for (const child of processes) await stopProcess(child)
    await rm(folder, { recursive: true, force: true })
  }
}

/** How soon a webhook arrives when one process answers requests and another does the work, beside one that does both. */
export const benchRoles = async (parts: readonly string[] = []): Promise<void> => {
  const perSecond = Number(parts[0] ?? 500)
  for (const roles of [['all'], ['api', 'worker']]) {
    const postgres = await startPostgres()
    try {
      console.log(
        `roles ${roles.join(' + ')}: from the answer to the receipt at ${perSecond}/s: ${await measure(postgres.url, roles, perSecond)}, ${rounds} rounds of ${seconds} s`,
      )
    } finally {
      await postgres.stop()
    }
  }
}
