import { AppError } from '../../base/errors.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import { typesOf } from './event-filter.ts'
import type { EventType } from './event-type.ts'
import { type LogHead, type LogHeads, pageSize } from './log-heads.ts'
import { type LogFilter, type LogRow, readLog } from './read-log.ts'
import { requireKept } from './require-kept.ts'

type Start = {
  type?: string | undefined
  /** UUID of what the events are about. */
  subject?: string | undefined
  /** The last sequence number that was seen; null begins with what is recorded from now on. */
  after: number | null
  /** Whether to wait at the end of the log for what comes. */
  follow: boolean
}

/** An event, or the number up to which there was none that was asked for. */
export type Followed = { event: LogRow } | { passed: number }

type Outside = { eventTypes: readonly EventType[]; logHeads: LogHeads; signal: AbortSignal }

// So that a reader of few events, when it comes back, need not pass all the others again.
const tellPassedAfter = 1_000

/** Some events behind a place, and the number up to which there are no others that are asked for. */
type Page = { rows: LogRow[]; through: number }

const readPage = async (ctx: Ctx, filter: LogFilter, head: LogHead, at: number): Promise<Page> => {
  const last = head.last()
  // Near the end all readers read alike, and each looks for its own.
  const isShared = last - at <= pageSize
  const rows = isShared
    ? await head.page(at)
    : await readLog(ctx.db, ctx.workspaceId, filter, { order: 'oldest', beyond: at }, pageSize)
  const seen = rows.at(-1)?.sequence ?? last
  return { rows, through: !isShared && rows.length < pageSize ? Math.max(seen, last) : seen }
}

/** Throws BAD_REQUEST for a reader who cannot have seen what it says: it would wait for ever for what comes before that. */
const requireReached = (newest: number, after: number): void => {
  if (after <= newest) return
  throw new AppError(
    'BAD_REQUEST',
    `No event has the sequence number ${after}: the newest of this workspace is ${newest}. A live workspace and its sandbox count apart, and so does a database restored from a backup.`,
    { param: 'after', details: { newest_sequence: newest } },
  )
}

const fits = ({ type, subject_id }: LogRow, { types, subject }: LogFilter): boolean =>
  (!types || types.includes(type)) && (subject === undefined || subject_id === subject)

/**
 * The events of the workspace in the order of their numbers, as they come, a page at a time: the next is read when the last
 * was taken. Ends when the signal aborts. Throws EVENTS_EXPIRED where what comes next is no longer kept, and BAD_REQUEST for
 * a number that no event has yet.
 */
export const followEvents = async function* (
  ctx: Ctx,
  { type, subject, after, follow }: Start,
  { eventTypes, logHeads, signal }: Outside,
): AsyncGenerator<Followed> {
  requireScope(ctx, 'events:read')
  const filter: LogFilter = { types: typesOf(type, eventTypes), subject }
  const head = await logHeads.open(ctx.workspaceId, actorName(ctx.actor))
  try {
    let at = after ?? head.last()
    let told = at
    if (after !== null) {
      // Just looked up: another process may have given numbers that nobody here was told of.
      requireReached(head.last(), after)
      await requireKept(ctx.db, ctx.workspaceId, after)
    }
    yield { passed: at }
    while (!signal.aborted) {
      if (head.last() <= at) {
        if (!follow) break
        await head.grown(at, signal)
        continue
      }
      const { rows, through } = await readPage(ctx, filter, head, at)
      if (rows[0]?.sequence !== at + 1) await requireKept(ctx.db, ctx.workspaceId, at)
      for (const row of rows) {
        if (signal.aborted) return
        at = row.sequence
        if (!fits(row, filter)) continue
        yield { event: row }
        told = at
      }
      at = through
      if (at - told >= tellPassedAfter) {
        yield { passed: at }
        told = at
      }
    }
    if (at > told) yield { passed: at }
  } finally {
    head.close()
  }
}
