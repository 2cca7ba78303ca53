import { sql } from 'kysely'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Db } from '../database/open.ts'

/**
 * A bucket as its row stands after a lease: `taken` of the minute, in which `granted` is ours, and `earlier` of the minute
 * before. `minute` counts minutes since 1970, `at` milliseconds, both by the database's clock.
 */
export type RequestWindow = { granted: number; taken: number; earlier: number; minute: number; at: number }

/** Takes up to `chunk` requests out of a bucket for the rest of its minute, in one statement. */
export type LeaseRequests = (bucket: Buffer, perMinute: number, chunk: number) => Promise<RequestWindow>

/**
 * Leases from a table that all processes share. The database's clock decides, whatever those of the machines say; a clock
 * that a test moves is the database's too.
 */
export const createRequestWindows =
  (system: Db, clock: Clock): LeaseRequests =>
  async (bucket, perMinute, chunk) => {
    const at = clock === systemClock ? null : clock.now()
    // A row of the next minute is of another session that waited less; one further ahead is from before a clock went back.
    const { rows } = await sql<RequestWindow>`
      with moment as materialized (
        select floor(extract(epoch from coalesce(${at}::timestamptz, clock_timestamp())) * 1000)::bigint as at
      ), now as (
        select at, at / 60000 as minute from moment
      )
      insert into request_windows as w (bucket, minute, taken, earlier, granted)
      select ${bucket}::bytea, minute, least(${chunk}::int, ${perMinute}::int), 0, least(${chunk}::int, ${perMinute}::int)
      from now
      on conflict (bucket) do update set (minute, taken, earlier, granted) = (
        select minute, taken + granted, earlier, granted from (
          select minute, taken, earlier, greatest(0, least(${chunk}::int,
            ((${perMinute}::bigint - taken) * 60000 - earlier * least(60000, (minute + 1) * 60000 - at)) / 60000
          )) as granted
          from (
            select now.at,
              case when w.minute = now.minute + 1 then w.minute else now.minute end as minute,
              case when w.minute in (now.minute, now.minute + 1) then w.taken else 0 end as taken,
              case
                when w.minute in (now.minute, now.minute + 1) then w.earlier
                when w.minute = now.minute - 1 then w.taken
                else 0
              end as earlier
            from now
          ) carried
        ) counted
      )
      returning granted, taken, earlier, minute, (select at from now) as at`.execute(system)
    const row = rows[0]!
    return {
      granted: row.granted,
      taken: row.taken,
      earlier: row.earlier,
      minute: Number(row.minute),
      at: Number(row.at),
    }
  }

// The minute before still weighs on a bucket, and a clock may be a little off.
const staleAfterMinutes = 5

/** Deletes the buckets that no longer weigh on anything. */
// no event: what is deleted means nothing any more. scope: the server itself keeps house.
export const purgeRequestWindows = async (system: Db): Promise<void> => {
  await sql`delete from request_windows
    where minute < floor(extract(epoch from clock_timestamp()) / 60) - ${staleAfterMinutes}::int`.execute(system)
}
