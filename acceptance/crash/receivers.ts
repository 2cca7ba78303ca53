import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Random } from './random.ts'

/** One delivery as it came, in the order of coming. */
export type Reception = {
  eventId: string
  deliveryId: string
  /** Its place among the deliveries of the endpoint; null when a backfill brought what was never numbered there. */
  number: number | null
  attempt: number
  replayed: boolean
  at: number
  text: string
  /** Answered with 2xx, as far as the receiver knows. */
  accepted: boolean
}

export type Character = 'steady' | 'flapping' | 'fifo' | 'slow' | 'late'

export type Receiver = {
  character: Character
  url: string
  receptions: Reception[]
  /** Deliveries that could not be verified. */
  forged: string[]
  expect(secret: string): void
  stop(): void
}

type Answer = { status: number | 'reset'; afterMs: number }

const answers: Record<Character, (random: Random) => Answer> = {
  steady: () => ({ status: 204, afterMs: 0 }),
  late: () => ({ status: 204, afterMs: 0 }),
  slow: (random) => ({ status: 204, afterMs: 40 + random() * 120 }),
  fifo: (random) => ({ status: random() < 0.08 ? 503 : 204, afterMs: random() * 3 }),
  flapping: (random) => {
    const luck = random()
    return { status: luck < 0.06 ? 'reset' : luck < 0.3 ? 503 : 204, afterMs: random() * 20 }
  },
}

/** An endpoint of a certain character, which checks the signature of every delivery and keeps it. */
export const startReceiver = async (character: Character, random: Random): Promise<Receiver> => {
  const receptions: Reception[] = []
  const forged: string[] = []
  let secret = ''
  // A delivery may come before the answer that tells the secret, and is judged as soon as it is told.
  const unjudged: (() => void)[] = []
  const judge = (text: string, headers: Record<string, string>) => {
    try {
      new Webhook(secret).verify(text, headers)
    } catch (error) {
      forged.push(`${headers['webhook-id']}: ${error}`)
    }
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      // The sender was killed in the middle: no delivery.
      return
    }
    const text = Buffer.concat(chunks).toString()
    const header = (name: string) => String(request.headers[name] ?? '')
    const verify = () => judge(text, request.headers as Record<string, string>)
    if (secret === '') unjudged.push(verify)
    else verify()
    const { status, afterMs } = answers[character](random)
    const number = header('x-parley-delivery-sequence')
    receptions.push({
      eventId: header('webhook-id'),
      deliveryId: header('x-parley-delivery'),
      number: number === '' ? null : Number(number),
      attempt: Number(header('x-parley-attempt')),
      replayed: header('x-parley-replay') === '1',
      at: performance.now(),
      text,
      accepted: status === 204,
    })
    setTimeout(() => (status === 'reset' ? request.socket.destroy() : response.writeHead(status).end()), afterMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    character,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    receptions,
    get forged() {
      return [...forged, ...unjudged.map(() => 'its secret was never told')]
    },
    expect: (given) => {
      secret = given
      for (const verify of unjudged.splice(0)) verify()
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
