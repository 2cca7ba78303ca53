import { sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Finished } from '../../work/work-kind.ts'
import type { Attempted } from './delivery-outcome.ts'
import type { Final } from './judge-delivery.ts'
import type { Attempt } from './send-delivery.ts'

export type Entry = Finished<Attempted>

/** Keeps the evidence of attempts. */
// Arrays, not rows of values: one text for every size of batch is parsed once.
export const insertAttempts = async (tx: Db, entries: Entry[]): Promise<void> => {
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

/** Keeps what became of deliveries. Returns those that had not been written before, as far as anybody counts them. */
export const insertDeliveries = async (tx: Db, finals: Final[], now: Date): Promise<Set<string>> => {
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
