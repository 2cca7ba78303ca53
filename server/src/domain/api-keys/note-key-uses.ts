import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

/** Calls of one month since they were last written; negative where more were leased than made. */
export type KeyUse = {
  workspaceId: string
  /** The key that was used; null where calls are only given back. */
  keyId: string | null
  /** The key whose count they are in. */
  countedAs: string
  at: Date
  calls: number
}

/**
 * Adds the calls to their month and moves each key's `last_used_at` forward, in one statement for all keys. Keys are locked
 * in one order before anything is written of them, so that two processes cannot deadlock.
 */
export const noteKeyUses = async (system: Db, uses: KeyUse[]): Promise<void> => {
  await sql`with used as (
      select * from unnest(${uses.map((use) => use.workspaceId)}::uuid[], ${uses.map((use) => use.keyId)}::uuid[],
        ${uses.map((use) => use.countedAs)}::uuid[], ${uses.map((use) => use.at)}::timestamptz[],
        ${uses.map((use) => use.calls)}::bigint[]) as u (workspace_id, key_id, counted_as, at, calls)
    ), locked as materialized (
      select k.workspace_id, k.id from api_keys k
      where (k.workspace_id, k.id) in
        (select workspace_id, key_id from used union select workspace_id, counted_as from used)
      order by k.workspace_id, k.id for no key update of k
    ), touched as (
      update api_keys k set last_used_at = greatest(k.last_used_at, u.at)
      from locked l, (select workspace_id, key_id, max(at) as at from used group by workspace_id, key_id) u
      where k.workspace_id = l.workspace_id and k.id = l.id and u.workspace_id = l.workspace_id and u.key_id = l.id
    )
    insert into api_key_calls (workspace_id, key_id, month, calls)
    select u.workspace_id, u.counted_as, date_trunc('month', u.at at time zone 'UTC')::date as month, sum(u.calls)
    from used u join locked l on l.workspace_id = u.workspace_id and l.id = u.counted_as
    group by u.workspace_id, u.counted_as, 3 having sum(u.calls) <> 0
    on conflict (workspace_id, key_id, month) do update set calls = api_key_calls.calls + excluded.calls`.execute(
    system,
  )
}
