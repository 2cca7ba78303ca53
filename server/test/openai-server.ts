import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type OpenAiRequest = {
  authorization: string | undefined
  model: string
  stream: boolean
  messages: { role: string; content: string }[]
}

/** How the server behaves for one request. Deltas are sent as one SSE chunk each. */
export type OpenAiReply =
  | {
      kind: 'text'
      deltas: string[]
      usage?: { promptTokens: number; completionTokens: number }
      finishReason?: string
      firstByteDelayMs?: number
      deltaDelayMs?: number
    }
  | { kind: 'status'; status: number; message?: string }
  /** Sends the deltas, then destroys the socket. */
  | { kind: 'cut'; deltas: string[] }
  /** Sends the deltas, then ends the response properly, without a finish reason. */
  | { kind: 'unfinished'; deltas: string[] }
  /** Sends the deltas, then keeps the response open without another byte. */
  | { kind: 'silent'; deltas: string[] }
  /** Sends these bytes as the event stream. */
  | { kind: 'raw'; body: string }

export type OpenAiServer = AsyncDisposable & {
  /** Ends with `/v1`. */
  baseUrl: string
  /** Every request seen, oldest first. */
  requests: OpenAiRequest[]
  /** Requests whose connection the client closed before the reply was complete. */
  abandoned: () => number
  close(): Promise<void>
}

/** A loopback server speaking `/v1/chat/completions` with server-sent events, for tests of the real HTTP path. */
export async function startOpenAiServer(answer: (request: OpenAiRequest) => OpenAiReply): Promise<OpenAiServer> {
  const requests: OpenAiRequest[] = []
  let abandoned = 0
  const server = createServer((incoming, response) => {
    response.on('close', () => {
      if (!response.writableFinished) abandoned += 1
    })
    serve(incoming, response).catch(() => response.destroy())
  })

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method !== 'POST' || incoming.url !== '/v1/chat/completions') {
      return sendError(response, 404, 'no such path')
    }
    const body = JSON.parse(Buffer.concat(await incoming.toArray()).toString())
    const request: OpenAiRequest = { ...body, authorization: incoming.headers.authorization }
    requests.push(request)
    await sendReply(response, request.model, answer(request))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    abandoned: () => abandoned,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function sendReply(response: ServerResponse, model: string, reply: OpenAiReply): Promise<void> {
  if (reply.kind === 'status') return sendError(response, reply.status, reply.message ?? 'no')
  if (reply.kind === 'text' && reply.firstByteDelayMs) await sleep(reply.firstByteDelayMs)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  if (reply.kind === 'raw') {
    response.end(reply.body)
    return
  }
  const send = (fields: object) => {
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model, ...fields }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  const choice = (delta: object, finishReason: string | null) =>
    send({ choices: [{ index: 0, delta, finish_reason: finishReason }] })
  choice({ role: 'assistant', content: '' }, null)
  for (const content of reply.deltas) {
    choice({ content }, null)
    // Even without a delay each delta gets its own turn, so that clients really see them apart.
    await sleep(reply.kind === 'text' ? (reply.deltaDelayMs ?? 0) : 0)
  }
  if (reply.kind === 'cut') response.destroy()
  if (reply.kind === 'unfinished') response.end()
  if (reply.kind !== 'text') return
  choice({}, reply.finishReason ?? 'stop')
  const usage = reply.usage ?? { promptTokens: 1, completionTokens: 1 }
  const { promptTokens, completionTokens } = usage
  send({
    choices: [],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  })
  response.end('data: [DONE]\n\n')
}

function sendError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { message, type: 'error', param: null, code: null } }))
}
