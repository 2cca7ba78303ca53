import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

type KeyCallsLease = {
  workspaceId: string
  /** The key whose count they are in. */
  countedAs: string
  /** Anywhere in the month. */
  at: Date
  /** Calls allowed in the month. */
  limit: number
  calls: number
}

/**
 * Counts calls of a key's month before they are made, all of them or none: `granted` tells, and `used` is the month's count
 * as it then stands. What was leased and not used goes back with `noteKeyUses`.
 */
// no event: it happens all day long. scope: the server itself counts.
export const leaseKeyCalls = async (
  system: Db,
  { workspaceId, countedAs, at, limit, calls }: KeyCallsLease,
): Promise<{ granted: boolean; used: number }> => {
  const { rows } = await sql<{ taken: number | null; before: number }>`
    with month as (
      select date_trunc('month', ${at}::timestamptz at time zone 'UTC')::date as month
    ), taken as (
      insert into api_key_calls as c (workspace_id, key_id, month, calls)
      select ${workspaceId}::uuid, ${countedAs}::uuid, month, ${calls}::bigint from month
      where ${calls}::bigint <= ${limit}::bigint
      on conflict (workspace_id, key_id, month) do update set calls = c.calls + excluded.calls
        where c.calls + excluded.calls <= ${limit}::bigint
      returning c.calls
    )
    select (select calls from taken) as taken, coalesce((
      select c.calls from api_key_calls c, month
      where c.workspace_id = ${workspaceId} and c.key_id = ${countedAs} and c.month = month.month
    ), 0) as before`.execute(system)
  const { taken, before } = rows[0]!
  return taken === null ? { granted: false, used: Number(before) } : { granted: true, used: Number(taken) }
}
