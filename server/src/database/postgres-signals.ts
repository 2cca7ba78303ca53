import pg from 'pg'
import type { Signals, Word } from './signals.ts'

type Options = { url: string; onError: (error: Error) => void }

const channel = 'parley'
// A commit with a NOTIFY takes a lock that all of them share: a hundred a second are cheap, one for each commit is not.
const gatherMs = 10
const reconnectMs = [100, 500, 2_000] as const
const answerTimeoutMs = 5_000

type Session = { client: pg.Client; pid: number }

/**
 * LISTEN and NOTIFY on one connection of their own, opened when it is first needed and opened again whenever it is lost.
 * Nothing is kept for later while it is away.
 */
export const createPostgresSignals = ({ url, onError }: Options): Signals => {
  const listeners = new Map<Word, ((detail: string | null) => void)[]>()
  const waiting = new Set<string>()
  let session: Session | undefined
  let opened: Promise<void> | undefined
  let failures = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let sentAt = -Infinity

  const deliver = (word: Word, detail: string | null) => {
    for (const listener of listeners.get(word) ?? []) listener(detail)
  }

  const lose = (client: pg.Client, error?: Error) => {
    if (error && !closed && failures === 0) onError(error)
    client.removeAllListeners()
    client.on('error', () => undefined)
    client.end().catch(() => undefined)
    if (session?.client === client) session = undefined
    waiting.clear()
    if (closed) return
    const delay = reconnectMs[Math.min(failures++, reconnectMs.length - 1)]!
    clearTimeout(timer)
    timer = setTimeout(() => {
      opened = connect()
    }, delay)
  }

  const connect = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: answerTimeoutMs,
      query_timeout: answerTimeoutMs,
      keepAlive: true,
      application_name: 'parley signals',
    })
    let gone = false
    const onGone = (error?: Error) => {
      if (gone) return
      gone = true
      lose(client, error)
    }
    client.on('error', onGone)
    client.on('end', () => onGone(new Error('The connection of the signals was closed.')))
    client.on('notification', ({ processId, payload = '' }) => {
      if (processId === session?.pid) return
      const [word = '', detail] = payload.split(' ')
      deliver(word as Word, detail ?? null)
    })
    try {
      await client.connect()
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await client.query(`listen ${channel}`)
      if (closed || gone) return void client.end().catch(() => undefined)
      session = { client, pid: rows[0]!.pid }
      failures = 0
      // Whatever was told while nobody listened.
      for (const word of listeners.keys()) deliver(word, null)
    } catch (error) {
      onGone(error instanceof Error ? error : new Error(String(error)))
    }
  }

  const send = async () => {
    const held = session
    const words = [...waiting]
    waiting.clear()
    sentAt = performance.now()
    if (!held || words.length === 0) return
    await held.client
      .query(`select pg_notify('${channel}', word) from unnest($1::text[]) word`, [words])
      .catch((error: Error) => held.client.emit('error', error))
  }

  const plan = () => {
    if (closed || sending || waiting.size === 0) return
    sending = new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, sentAt + gatherMs - performance.now())))
      .then(send)
      .finally(() => {
        sending = undefined
        plan()
      })
  }

  return {
    tell: (word, detail) => {
      opened ??= connect()
      if (!session) return
      waiting.add(detail === undefined ? word : `${word} ${detail}`)
      plan()
    },
    hear: (word, listener) => {
      listeners.set(word, [...(listeners.get(word) ?? []), listener])
      opened ??= connect()
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      await opened
      await sending
      await session?.client.end().catch(() => undefined)
    },
  }
}
