import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { pause, randomOf } from './random.ts'

// The attempts of whoever overtakes follow one another at once up to the fourth; then there is time to wake the other up.
const retrySeconds = [0, 0.2, 0.2, 0.2, ...Array<number>(30).fill(3)]
const refusedBefore = 4
const patienceMs = 60_000

const until = async <Value>(what: string, look: () => Promise<Value | undefined> | Value | undefined) => {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const value = await look()
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await pause(20)
  }
}

/** Holds the first delivery back and refuses the others until told to accept. */
const startReceiver = async () => {
  const attempts: number[] = []
  const held: ServerResponse[] = []
  let status = 503
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      attempts.push(Number(request.headers['x-parley-attempt']))
      if (attempts.length === 1) held.push(response)
      else response.writeHead(status).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    attempts,
    refuseHeld: () => held[0]?.writeHead(503).end(),
    accept: () => {
      status = 204
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const play = async (cluster: Cluster): Promise<string[]> => {
  const receiver = await startReceiver()
  const client = createClient(cluster, null, randomOf(1))
  const [first, second] = cluster.members.filter(({ role }) => role === 'worker')
  const thaws: (() => void)[] = []
  try {
    // Alone, so that it is the one who begins.
    thaws.push(second!.stop())
    const body = { url: receiver.url, events: ['contact.created'] }
    const webhook = (await client.insist('POST', '/v1/webhooks', { body, key: 'webhook' })).body
    await client.insist('POST', '/v1/contacts', { body: { name: 'Overtaken' }, key: 'contact' })
    await until('the first worker sends', () => receiver.attempts[0])
    const thawFirst = first!.stop()
    thaws.push(thawFirst)
    thaws[0]!()
    await until('the other overtakes it', () => receiver.attempts[refusedBefore])
    receiver.refuseHeld()
    const detail = async () => {
      const [delivery] = await client.all(`/v1/event-deliveries?webhook_id=${webhook.id}`)
      return (await client.insist('GET', `/v1/event-deliveries/${delivery.id}`)).body
    }
    const countOf = async (number: number) =>
      (await detail()).attempts.filter((attempt: { number: number }) => attempt.number === number).length
    await until('the last refusal is written down', async () => (await countOf(refusedBefore)) > 0 || undefined)
    thawFirst()
    await until('the first worker says what became of its attempt', async () => (await countOf(1)) > 1 || undefined)
    receiver.accept()
    await until('it is delivered', async () => (await detail()).status === 'delivered' || undefined)
    const [, ...after] = receiver.attempts
    return after.every((number, i) => i === 0 || number >= after[i - 1]!)
      ? []
      : [`an overtaken worker undid what its successor had done: after its own came the attempts ${after.join(', ')}`]
  } finally {
    for (const thaw of thaws) thaw()
    receiver.stop()
  }
}

/**
 * Freezes a worker in the middle of a delivery, lets another take over, fail and wait, and wakes the first one up, which then
 * says that its attempt failed. Returns what was broken by that, in words.
 */
export const playOvertaken = async (main?: string): Promise<string[]> => {
  const cluster = await startCluster({ embedded: false, retrySeconds, ...(main && { main }) })
  try {
    return [...(await play(cluster)), ...cluster.deaths]
  } finally {
    await cluster.stop()
  }
}
