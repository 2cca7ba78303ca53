import { AppError } from '../base/errors.ts'
import { type Followed, followEvents } from '../domain/events/index.ts'
import type { Call, StreamReply } from './endpoint.ts'
import type { SseFrame } from './sse.ts'

type Query = {
  type?: string | undefined
  subject?: string | undefined
  after?: number | undefined
  follow?: boolean | undefined
}
type Asked = Pick<Call<undefined, undefined, undefined>, 'ctx' | 'headers' | 'deps' | 'signal' | 'stillAllowed'>

const checkEveryMs = 1_000
// It holds a socket and a page of events meanwhile, and somebody may be looking at what came last.
const stalledMs = 300_000

// A reader that comes back by itself sends the number it saw last, and the address that it first asked with.
const startOf = (lastEventId: string | string[] | undefined, after: number | undefined): number | null => {
  if (lastEventId === undefined || lastEventId === '') return after ?? null
  if (typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId)) return Number(lastEventId)
  throw new AppError('BAD_REQUEST', 'Last-Event-ID is not the id of a frame of this stream: it is a sequence number.', {
    param: 'Last-Event-ID',
  })
}

const frameOf = (followed: Followed): SseFrame =>
  'event' in followed
    ? { id: String(followed.event.sequence), event: followed.event.type, text: followed.event.payload }
    : { id: String(followed.passed), comment: 'nothing before this number is still to come' }

const farewells = {
  stopping: 'the server is stopping: come back with Last-Event-ID',
  refused: 'the credential no longer allows this',
  expired: 'what comes next is no longer kept',
  ended: 'the end of the log',
} as const

async function* framesOf(
  { ctx, deps, signal, stillAllowed }: Asked,
  query: Query,
  after: number | null,
): AsyncGenerator<SseFrame> {
  const refused = new AbortController()
  const check = async () => {
    if (!(await stillAllowed())) refused.abort()
  }
  const timer = setInterval(check, checkEveryMs)
  const ended = AbortSignal.any([signal, deps.stopping, refused.signal])
  let begun = false
  let why: keyof typeof farewells = 'ended'
  try {
    const start = { type: query.type, subject: query.subject, after, follow: query.follow ?? true }
    for await (const followed of followEvents(ctx, start, { ...deps, signal: ended })) {
      begun = true
      yield frameOf(followed)
    }
  } catch (error) {
    if (!begun || !(error instanceof AppError) || error.code !== 'EVENTS_EXPIRED') throw error
    why = 'expired'
  } finally {
    clearInterval(timer)
  }
  if (refused.signal.aborted) why = 'refused'
  else if (deps.stopping.aborted) why = 'stopping'
  yield { id: '', comment: farewells[why] }
}

/** The log as a stream: a frame an event, with its sequence number as id and its exact text as data. */
export const streamEvents = (call: Asked, query: Query): StreamReply => ({
  status: 200,
  stalledMs,
  frames: framesOf(call, query, startOf(call.headers['last-event-id'], query.after)),
})
