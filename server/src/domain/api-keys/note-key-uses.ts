import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

/** Calls made with one key since they were last written, in one month; negative where more were leased than made. */
export type KeyUse = { workspaceId: string; keyId: string; at: Date; calls: number }

/**
 * Adds the calls to their month and moves each key's `last_used_at` forward, in one statement for all keys. Keys are locked
 * in one order, so that two processes cannot deadlock. A key may come once for each month.
 */
export const noteKeyUses = async (system: Db, uses: KeyUse[]): Promise<void> => {
  await sql`with used as (
      select * from unnest(${uses.map((use) => use.workspaceId)}::uuid[], ${uses.map((use) => use.keyId)}::uuid[],
        ${uses.map((use) => use.at)}::timestamptz[], ${uses.map((use) => use.calls)}::bigint[]) as u (workspace_id, key_id, at, calls)
    ), locked as (
      select k.workspace_id, k.id, u.at from api_keys k join used u on k.workspace_id = u.workspace_id and k.id = u.key_id
      order by k.workspace_id, k.id for no key update of k
    ), touched as (
      update api_keys k set last_used_at = greatest(k.last_used_at, l.at) from locked l
      where k.workspace_id = l.workspace_id and k.id = l.id
      returning k.workspace_id, k.id
    )
    insert into api_key_calls (workspace_id, key_id, month, calls)
    select u.workspace_id, u.key_id, date_trunc('month', u.at at time zone 'UTC')::date, u.calls
    from used u join touched t on t.workspace_id = u.workspace_id and t.id = u.key_id
    where u.calls <> 0
    on conflict (workspace_id, key_id, month) do update set calls = api_key_calls.calls + excluded.calls`.execute(
    system,
  )
}
