import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it came: the exact bytes of its body, and its place among all. */
export type Received = { headers: IncomingHttpHeaders; body: Buffer; number: number }

type Respond = (request: IncomingMessage, response: ServerResponse, received: Received) => void

export type Receiver = {
  url: string
  received: Received[]
  /** How it answers from now on; with 204 until told otherwise. */
  respond: (how: Respond) => void
  /** Refuses every connection until `start`, on the same port. */
  stop: () => Promise<void>
  start: () => Promise<void>
}

/** A webhook endpoint on the loopback that keeps all it is sent. */
export const startReceiver = async (): Promise<Receiver> => {
  const received: Received[] = []
  let respond: Respond = (_, response) => response.writeHead(204).end()
  let port = 0
  let server: Server | undefined

  const start = async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const entry = { headers: request.headers, body: Buffer.concat(chunks), number: received.length }
      received.push(entry)
      respond(request, response, entry)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  await start()

  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    respond: (how) => {
      respond = how
    },
    stop: async () => {
      if (!server?.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    start,
  }
}
