import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { now, quantile, receivedAtLeast, say, spread } from './measure.ts'
import type { Stage } from './stage.ts'

const callApi = async (origin: string, key: string, path: string, body: unknown): Promise<Record<string, string>> => {
  const response = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response.json() as Promise<Record<string, string>>
}

export const latency = async (stage: Stage, embedded: boolean): Promise<void> => {
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
