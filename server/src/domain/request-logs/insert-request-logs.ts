import { hash } from 'node:crypto'
import { sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import { redact } from '../../base/redact.ts'
import type { Db } from '../../database/open.ts'

/** A request that was answered, as it is known at that moment. It may hold what is never written: see below. */
export type AnsweredRequest = {
  id: string
  workspaceId: string
  keyId: string | null
  method: string
  /** As the router has it: `/v1/contacts/:id`. */
  route: string
  status: number
  durationMs: number
  bytesIn: number
  bytesOut: number | null
  address: string
  requestId: string
  idempotencyKey: string | null
  errorCode: string | null
}

const inBraces = (route: string): string => route.replace(/:(\w+)/g, '{$1}')

// An idempotency key is whatever its caller took for one, so that its hash has to do to find it by.
const hashOf = (key: string | null): string | null => key && hash('sha256', key).slice(0, 16)

// Callers choose their request ids, and one may have chosen its key.
const harmless = (requestId: string): string => redact(requestId, ['secret']).text

/** Writes a batch in one statement. What was written before is not written again. */
export const insertRequestLogs = async (system: Db, requests: readonly AnsweredRequest[]): Promise<void> => {
  const column = <Value>(read: (request: AnsweredRequest) => Value) => requests.map(read)
  await sql`
    insert into request_logs (workspace_id, created_at, id, key_id, method, route, status, duration_ms, bytes_in, bytes_out,
      address, request_id, idempotency_key_hash, error_code)
    select * from unnest(
      ${column(({ workspaceId }) => workspaceId)}::uuid[],
      ${column(({ id }) => timeOfId(id))}::timestamptz[],
      ${column(({ id }) => id)}::uuid[],
      ${column(({ keyId }) => keyId)}::uuid[],
      ${column(({ method }) => method)}::text[],
      ${column(({ route }) => inBraces(route))}::text[],
      ${column(({ status }) => status)}::smallint[],
      ${column(({ durationMs }) => Math.round(durationMs * 1_000) / 1_000)}::double precision[],
      ${column(({ bytesIn }) => bytesIn)}::integer[],
      ${column(({ bytesOut }) => bytesOut)}::integer[],
      ${column(({ address }) => address)}::text[],
      ${column(({ requestId }) => harmless(requestId))}::text[],
      ${column(({ idempotencyKey }) => hashOf(idempotencyKey))}::text[],
      ${column(({ errorCode }) => errorCode)}::text[])
    on conflict do nothing`.execute(system)
}
