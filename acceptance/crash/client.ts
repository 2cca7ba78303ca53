import type { Cluster } from './cluster.ts'
import { pause, pick, type Random } from './random.ts'

export type Reply = { status: number; headers: Headers; body: any; text: string }

/** Speaks to whichever process answers, in one workspace. */
export type Client = {
  /** One request to one of the processes; throws when no answer comes. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** The same request, with the same key, until it is answered with success. */
  insist(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** Every item of a list, page by page. */
  all(path: string): Promise<any[]>
  /** Answers that no crash excuses. */
  wrong: string[]
}

type CallOptions = { body?: unknown; key?: string; signal?: AbortSignal }

const answerWithinMs = 5_000
const patienceMs = 60_000

export const createClient = (
  { members, credentials }: Pick<Cluster, 'members' | 'credentials'>,
  workspaceId: string | null,
  random: Random,
): Client => {
  const doors = members.filter(({ role }) => role !== 'worker')
  const wrong: string[] = []

  const call: Client['call'] = async (method, path, { body, key, signal } = {}) => {
    const timeout = AbortSignal.timeout(answerWithinMs)
    const response = await fetch(pick(random, doors).baseUrl + path, {
      method,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        authorization: `Bearer ${credentials.sandbox_key}`,
        ...(workspaceId === null ? {} : { 'parley-workspace': workspaceId }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text === '' ? null : JSON.parse(text) }
  }

  const insist: Client['insist'] = async (method, path, options) => {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const reply = await call(method, path, options).catch(() => undefined)
      if (reply && reply.status < 300) return reply
      // 409: the first try is still at it, or was, in a process that is frozen now.
      const passing =
        reply === undefined || reply.status === 503 || reply.body?.error?.code === 'IDEMPOTENCY_IN_PROGRESS'
      if (!passing) wrong.push(`${method} ${path} was answered with ${reply.status}: ${reply.text.slice(0, 300)}`)
      if (!passing && reply.status < 500) throw new Error(wrong.at(-1))
      if (performance.now() > deadline) throw new Error(`${method} ${path} was refused for ${patienceMs} ms`)
      await pause(20 + random() * 30)
    }
  }

  return {
    call,
    insist,
    wrong,
    all: async (path) => {
      const items: any[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
        const { body } = await insist('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${page}`)
        items.push(...body.data)
        cursor = body.next_cursor
      }
      return items
    },
  }
}
