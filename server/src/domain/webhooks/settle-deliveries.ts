import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { timeOfId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import type { Again, Finished, WorkItem } from '../../work/work-kind.ts'
import type { DeliveryErrorCode } from './delivery-error.ts'
import type { DeliveryWork } from './delivery-work.ts'
import { disableGoneWebhooks } from './disable-gone-webhooks.ts'
import { planRetry } from './plan-retry.ts'
import type { Attempt } from './send-delivery.ts'

/**
 * `postponed`: nothing was sent, the item steps back in line. `unsigned`: nothing was sent either, because the secret could
 * not be opened, which is not the receiver's fault and uses up no attempt. `skipped`: the webhook is disabled.
 */
export type DeliveryOutcome =
  | { outcome: 'attempted'; work: DeliveryWork; attempt: Attempt }
  | { outcome: 'postponed'; work: DeliveryWork }
  | { outcome: 'unsigned'; work: DeliveryWork }
  | { outcome: 'skipped'; work: DeliveryWork }

type Settling = { clock: Clock; log: Log; schedule: readonly number[]; random: () => number }

type Final = {
  item: WorkItem
  work: DeliveryWork
  status: 'delivered' | 'failed' | 'skipped'
  attempts: number
  httpStatus: number | null
  errorCode: DeliveryErrorCode | null
}

type Verdict = { final: Final } | { again: Again }

const retryBand = 1
const unsignedMs = 300_000

const judgeAttempt = (item: WorkItem, work: DeliveryWork, attempt: Attempt, now: Date, options: Settling): Verdict => {
  const { httpStatus, errorCode } = attempt
  const attempts = work.attempts + 1
  const final = (status: Final['status']): Verdict => ({
    final: { item, work, status, attempts, httpStatus, errorCode },
  })
  if (errorCode === null) return final('delivered')
  if (errorCode === 'endpoint_gone') return final('skipped')
  const interrupted = errorCode === 'interrupted'
  const failures = work.failures + (interrupted ? 0 : 1)
  const dueAt = interrupted ? now : planRetry(failures, attempt, now, options)
  if (dueAt === null) return final('failed')
  const next: DeliveryWork = { ...work, attempts, failures, http_status: httpStatus, error_code: errorCode }
  return { again: { id: item.id, dueAt, band: interrupted ? item.band : retryBand, payload: JSON.stringify(next) } }
}

const judge = ({ item, result }: Finished<DeliveryOutcome>, now: Date, options: Settling): Verdict => {
  const { work } = result
  if (result.outcome === 'attempted') return judgeAttempt(item, work, result.attempt, now, options)
  if (result.outcome === 'postponed') return { again: { id: item.id, dueAt: item.dueAt, band: item.band } }
  if (result.outcome === 'unsigned') {
    const next: DeliveryWork = { ...work, http_status: null, error_code: 'secret_unavailable' }
    const dueAt = new Date(now.getTime() + unsignedMs)
    return { again: { id: item.id, dueAt, band: retryBand, payload: JSON.stringify(next) } }
  }
  const { attempts, http_status: httpStatus } = work
  return { final: { item, work, status: 'skipped', attempts, httpStatus, errorCode: 'webhook_disabled' } }
}

type Attempted = Finished<DeliveryOutcome> & { result: { attempt: Attempt } }

const wasAttempted = (entry: Finished<DeliveryOutcome>): entry is Attempted => entry.result.outcome === 'attempted'

// Arrays, not rows of values: one text for every size of batch is parsed once.
const insertAttempts = async (tx: Db, entries: Attempted[]): Promise<void> => {
  if (entries.length === 0) return
  const column = <Value>(read: (attempt: Attempt, entry: Attempted) => Value) =>
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

const insertDeliveries = async (tx: Db, finals: Final[], now: Date): Promise<void> => {
  if (finals.length === 0) return
  const column = <Value>(read: (final: Final) => Value) => finals.map(read)
  await sql`
    insert into deliveries (workspace_id, event_at, id, webhook_id, event_id, event_type, trigger, generation, status, attempts,
      http_status, error_code, created_at, finished_at)
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
      ${column(({ item }) => item.createdAt)}::timestamptz[])
    on conflict do nothing`.execute(tx)
}

/** Writes what became of a batch and says what comes again. A stale outcome leaves its attempt as evidence, nothing else. */
export const settleDeliveries = async (
  tx: Db,
  finished: Finished<DeliveryOutcome>[],
  options: Settling,
): Promise<Again[]> => {
  const now = options.clock.now()
  const verdicts = finished.filter(({ stale }) => !stale).map((entry) => judge(entry, now, options))
  const finals = verdicts.flatMap((verdict) => ('final' in verdict ? [verdict.final] : []))
  await insertAttempts(tx, finished.filter(wasAttempted))
  await insertDeliveries(tx, finals, now)
  const gone = finals.filter(({ errorCode }) => errorCode === 'endpoint_gone').map(({ item }) => item)
  if (gone.length > 0) await disableGoneWebhooks(tx, gone, options)
  return verdicts.flatMap((verdict) => ('again' in verdict ? [verdict.again] : []))
}
