import { createHmac, createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { Pool } from 'undici'

/**
 * The limit that delivery is measured against: bare undici that signs twice and posts, from memory, and remembers nothing.
 * Usage: bare-sender.ts, with IPC; each message is one run.
 */
export type BareRun = { ports: number[]; perEndpoint: number; atOnce: number; deliveries: number; bytes: number }
export type BareResult = { perSecond: number; cpu: number }

const keys = { legacy: createSecretKey(randomBytes(46)), standard: createSecretKey(randomBytes(30)) }

const run = async ({ ports, perEndpoint, atOnce, deliveries, bytes }: BareRun): Promise<BareResult> => {
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: perEndpoint, pipelining: 1 }))
  const body = Buffer.from(JSON.stringify({ data: 'x'.repeat(bytes - 11) }))
  let next = 0
  const work = async () => {
    while (next < deliveries) {
      const pool = pools[next++ % pools.length]!
      const id = randomUUID()
      const timestamp = Math.floor(Date.now() / 1_000)
      const { body: answer } = await pool.request({
        method: 'POST',
        path: '/',
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${createHmac('sha256', keys.standard).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
          'X-Parley-Signature': `sha256=${createHmac('sha256', keys.legacy).update(body).digest('hex')}`,
        },
      })
      await answer.text()
    }
  }
  const [start, before] = [performance.now(), process.cpuUsage()]
  await Promise.all(Array.from({ length: Math.min(atOnce, perEndpoint * ports.length) }, work))
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(before)
  await Promise.all(pools.map((pool) => pool.close()))
  return { perSecond: deliveries / seconds, cpu: (user + system) / deliveries }
}

process.on('message', async (asked: BareRun) => process.send!(await run(asked)))
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
console.log('listening')
