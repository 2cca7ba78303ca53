import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { timeOfId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import type { Again, Finished, WorkItem } from '../../work/work-kind.ts'
import { type Ended, noteFinished } from './backfills/note-finished.ts'
import type { DeliveryErrorCode } from './delivery-error.ts'
import type { DeliveryWork } from './delivery-work.ts'
import { disableWebhooks } from './disable-webhooks.ts'
import { noteTroubles, type Showing } from './note-troubles.ts'
import { noteUndelivered, type Way } from './note-undelivered.ts'
import { planRetry, type RetryPolicy } from './plan-retry.ts'
import { readOutdated } from './read-outdated.ts'
import type { Attempt } from './send-delivery.ts'

/**
 * `postponed`: nothing was sent, the item steps back in line. `unsigned`: nothing was sent either, because the secret could
 * not be opened, which is not the receiver's fault and uses up no attempt.
 */
export type DeliveryOutcome =
  | {
      outcome: 'attempted'
      work: DeliveryWork
      attempt: Attempt
      policy: RetryPolicy
      /** It has failed since it last succeeded, as far as was known when the attempt began. */
      inTrouble: boolean
      /** Of the endpoint that it was sent to. */
      version: number
      /** The version of the secret that was accepted for the legacy signature, where it was not the usual one. */
      promote: number | null
    }
  | { outcome: 'postponed'; work: DeliveryWork }
  | { outcome: 'unsigned'; work: DeliveryWork }

type Settling = {
  clock: Clock
  log: Log
  /** Seconds before each attempt, counted from the failure before it. */
  schedules: Record<RetryPolicy, readonly number[]>
  random: () => number
}

type Final = {
  item: WorkItem
  work: DeliveryWork
  status: 'delivered' | 'failed'
  attempts: number
  httpStatus: number | null
  errorCode: DeliveryErrorCode | null
}

/** With the items that were sent to an endpoint which their webhook has no more: a failure there counts against nothing. */
type Judging = Settling & { outdated: ReadonlySet<string> }

type Verdict = { final: Final } | { again: Again }

const retryBand = 1
const unsignedMs = 300_000

type Attempted = Extract<DeliveryOutcome, { outcome: 'attempted' }>

// An endpoint that wants no more calls is no failure of the delivery: it stays in line, in a lane that is closed.
const costsNothing = (code: DeliveryErrorCode | null): boolean => code === 'interrupted' || code === 'endpoint_gone'

const judgeAttempt = (
  item: WorkItem,
  { work, attempt, policy }: Attempted,
  now: Date,
  { schedules, random, outdated }: Judging,
): Verdict => {
  const { httpStatus, errorCode } = attempt
  const attempts = work.attempts + 1
  const final = (status: Final['status']): Verdict => ({
    final: { item, work, status, attempts, httpStatus, errorCode },
  })
  if (errorCode === null) return final('delivered')
  const inLine = outdated.has(item.id) || costsNothing(errorCode)
  const failures = work.failures + (inLine ? 0 : 1)
  const dueAt = inLine ? now : planRetry(failures, attempt, now, { schedule: schedules[policy], random })
  if (dueAt === null) return final('failed')
  const next: DeliveryWork = { ...work, attempts, failures, http_status: httpStatus, error_code: errorCode }
  return { again: { id: item.id, dueAt, band: inLine ? item.band : retryBand, payload: JSON.stringify(next) } }
}

const judge = ({ item, result }: Finished<DeliveryOutcome>, now: Date, options: Judging): Verdict => {
  const { work } = result
  if (result.outcome === 'attempted') return judgeAttempt(item, result, now, options)
  if (result.outcome === 'postponed') return { again: { id: item.id, dueAt: item.dueAt, band: item.band } }
  const next: DeliveryWork = { ...work, http_status: null, error_code: 'secret_unavailable' }
  const dueAt = new Date(now.getTime() + unsignedMs)
  return { again: { id: item.id, dueAt, band: retryBand, payload: JSON.stringify(next) } }
}

type Entry = Finished<DeliveryOutcome> & { result: Attempted }

const wasAttempted = (entry: Finished<DeliveryOutcome>): entry is Entry => entry.result.outcome === 'attempted'

// Arrays, not rows of values: one text for every size of batch is parsed once.
const insertAttempts = async (tx: Db, entries: Entry[]): Promise<void> => {
  if (entries.length === 0) return
  const column = <Value>(read: (attempt: Attempt, entry: Entry) => Value) =>
    entries.map((entry) => read(entry.result.attempt, entry))
  await sql`
    insert into delivery_attempts (workspace_id, event_at, delivery_id, number, epoch, webhook_id, at, http_status, error_code,
      remote_address, timings, request_headers, response_headers, response_body, response_truncated)
    select * from unnest(
      ${column((_, { item }) => item.workspaceId)}::uuid[],
      ${column((_, { item }) => timeOfId(item.id))}::timestamptz[],
      ${column((_, { item }) => item.id)}::uuid[],
      ${column((_, { result }) => result.work.attempts + 1)}::smallint[],
      ${column((_, { epoch }) => epoch)}::bigint[],
      ${column((_, { item }) => item.key)}::uuid[],
      ${column(({ at }) => at)}::timestamptz[],
      ${column(({ httpStatus }) => httpStatus)}::smallint[],
      ${column(({ errorCode }) => errorCode)}::text[],
      ${column(({ remoteAddress }) => remoteAddress)}::text[],
      ${column(({ timings }) => JSON.stringify(timings))}::text[],
      ${column(({ requestHeaders }) => JSON.stringify(requestHeaders))}::text[],
      ${column(({ response }) => response && JSON.stringify(response.headers))}::text[],
      ${column(({ response }) => response?.body ?? null)}::text[],
      ${column(({ response }) => response?.truncated ?? false)}::boolean[])
    on conflict do nothing`.execute(tx)
}

/** Returns those that had not been written before, as far as anybody counts them. */
const insertDeliveries = async (tx: Db, finals: Final[], now: Date): Promise<Set<string>> => {
  if (finals.length === 0) return new Set()
  const isCounted = finals.some(({ work }) => work.backfill_id !== undefined)
  const column = <Value>(read: (final: Final) => Value) => finals.map(read)
  const { rows } = await sql<{ id: string }>`
    insert into deliveries (workspace_id, event_at, id, webhook_id, event_id, event_type, trigger, generation, status, attempts,
      http_status, error_code, number, created_at, finished_at)
    select *, ${now}::timestamptz from unnest(
      ${column(({ item }) => item.workspaceId)}::uuid[],
      ${column(({ item }) => timeOfId(item.id))}::timestamptz[],
      ${column(({ item }) => item.id)}::uuid[],
      ${column(({ item }) => item.key)}::uuid[],
      ${column(({ work }) => work.event_id)}::uuid[],
      ${column(({ work }) => work.event_type)}::text[],
      ${column(({ work }) => work.trigger)}::text[],
      ${column(({ work }) => work.generation)}::smallint[],
      ${column(({ status }) => status)}::text[],
      ${column(({ attempts }) => attempts)}::smallint[],
      ${column(({ httpStatus }) => httpStatus)}::smallint[],
      ${column(({ errorCode }) => errorCode)}::text[],
      ${column(({ item, work }) => item.number ?? work.number)}::bigint[],
      ${column(({ item }) => item.createdAt)}::timestamptz[])
    on conflict do nothing ${isCounted ? sql`returning id` : sql``}`.execute(tx)
  return new Set(rows.map(({ id }) => id))
}

const endedOf = (finals: Final[], written: ReadonlySet<string>): Ended[] =>
  finals.flatMap(({ item, work, status }) =>
    work.backfill_id !== undefined && written.has(item.id)
      ? [
          {
            workspaceId: item.workspaceId,
            backfillId: work.backfill_id,
            status,
            isItsOwn: work.trigger === 'backfill',
          },
        ]
      : [],
  )

// Webhooks that are well and stay well cost nothing here.
const showingsOf = (entries: Entry[], finals: Final[]): Showing[] => {
  const failedForGood = new Set(finals.filter(({ status }) => status === 'failed').map(({ item }) => item.id))
  const groups = Map.groupBy(entries, ({ item }) => `${item.workspaceId} ${item.key}`)
  return [...groups.values()].flatMap((group) => {
    const failed = group.filter(
      ({ result }) => !costsNothing(result.attempt.errorCode) && result.attempt.errorCode !== null,
    )
    const delivered = group.some(({ result }) => result.attempt.errorCode === null)
    if (failed.length === 0 && !group.some(({ result }) => result.inTrouble)) return []
    const { workspaceId, kind, key } = group[0]!.item
    const failedDeliveries = failed.filter(({ item }) => failedForGood.has(item.id)).length
    const failedSince = new Date(Math.min(...group.map(({ item }) => timeOfId(item.id).getTime())))
    return [{ workspaceId, kind, key, failedAttempts: failed.length, failedDeliveries, failedSince, delivered }]
  })
}

// Null stands for the current secret, which another rotation may have changed since.
const promoteLegacy = async (tx: Db, entries: Entry[]): Promise<void> => {
  const accepted = entries.flatMap(({ item, result: { promote } }) =>
    promote === null ? [] : [[`${item.workspaceId} ${item.key}`, { item, version: promote }] as const],
  )
  if (accepted.length === 0) return
  // One of each webhook, the last.
  const chosen = [...new Map(accepted).values()]
  await sql`
    update webhooks w set legacy_version = (
      select s.version from webhook_secrets s
      where s.workspace_id = w.workspace_id and s.webhook_id = w.id and s.version = a.version and s.state = 'previous')
    from unnest(${chosen.map(({ item }) => item.workspaceId)}::uuid[], ${chosen.map(({ item }) => item.key)}::uuid[],
      ${chosen.map(({ version }) => version)}::smallint[]) as a (workspace_id, id, version)
    where w.workspace_id = a.workspace_id and w.id = a.id`.execute(tx)
}

const wayOf = ({ item, result }: Entry): Way => ({
  workspaceId: item.workspaceId,
  webhookId: item.key,
  eventId: result.work.event_id,
})

// What arrives at the first attempt was never missing.
const waysOf = (entries: Entry[]): { failed: Way[]; arrived: Way[] } => {
  const settled = entries.filter(({ stale, result }) => !stale && result.attempt.errorCode !== 'interrupted')
  return {
    // Once is enough: it stays on the account until it arrives.
    failed: settled
      .filter(({ result: { attempt, work } }) => attempt.errorCode !== null && work.failures === 0)
      .map(wayOf),
    arrived: settled
      .filter(
        ({ result: { attempt, work } }) => attempt.errorCode === null && (work.attempts > 0 || work.generation > 0),
      )
      .map(wayOf),
  }
}

const webhookOf = ({ item }: Entry): string => `${item.workspaceId} ${item.key}`

// Where all took their events and were well before, they say nothing that another endpoint could contradict.
const findOutdated = async (tx: Db, entries: Entry[]): Promise<Set<string>> => {
  const current = entries.filter(({ stale }) => !stale)
  const telling = new Set(
    current
      .filter(
        ({ result: { attempt, inTrouble, promote } }) => attempt.errorCode !== null || inTrouble || promote !== null,
      )
      .map(webhookOf),
  )
  const sent = current
    .filter((entry) => telling.has(webhookOf(entry)))
    .map(({ item, result }) => ({ item, version: result.version }))
  const isOutdated = await readOutdated(tx, sent)
  return new Set(sent.filter(isOutdated).map(({ item }) => item.id))
}

/**
 * Writes what became of a batch and says what comes again. A stale outcome leaves its attempt as evidence, nothing else. One
 * of an endpoint that the webhook has no more is told of nobody, and a failure there costs the delivery no attempt.
 */
export const settleDeliveries = async (
  tx: Db,
  finished: Finished<DeliveryOutcome>[],
  options: Settling,
): Promise<Again[]> => {
  const now = options.clock.now()
  const attempted = finished.filter(wasAttempted)
  const outdated = await findOutdated(tx, attempted)
  const judging = { ...options, outdated }
  const verdicts = finished.filter(({ stale }) => !stale).map((entry) => judge(entry, now, judging))
  const finals = verdicts.flatMap((verdict) => ('final' in verdict ? [verdict.final] : []))
  await insertAttempts(tx, attempted)
  const written = await insertDeliveries(tx, finals, now)
  await noteFinished(tx, endedOf(finals, written))
  await noteUndelivered(tx, waysOf(attempted))
  const telling = attempted.filter(({ stale, item }) => !stale && !outdated.has(item.id))
  const gone = telling.filter(({ result }) => result.attempt.errorCode === 'endpoint_gone').map(({ item }) => item)
  await disableWebhooks(tx, gone, 'endpoint_gone', options)
  await noteTroubles(tx, showingsOf(telling, finals), options)
  await promoteLegacy(tx, telling)
  return verdicts.flatMap((verdict) => ('again' in verdict ? [verdict.again] : []))
}
