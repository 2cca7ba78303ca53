import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'

/** Events of one workspace that just got their numbers: `from` to `to`, recorded between two moments. */
export type SequencedRange = { workspaceId: string; from: number; to: number; firstAt: Date; lastAt: Date }

/** Told of every batch inside the transaction that numbers it; returns how much work it enqueued. */
export type FanOut = (tx: Db, ranges: SequencedRange[]) => Promise<number>

/** How many events are numbered at once, at most, and to begin with. */
const mostAtOnce = 500
export const firstBatch = 100
// A transaction that enqueues more holds up what was committed meanwhile for longer than a moment.
const enqueuedAtOnce = 10_000
// One sequencer at a time, whichever process it runs in: the number is arbitrary but fixed.
const lockKey = 7_252_091_403

type Row = { workspace_id: string; first: number; last: number; first_at: Date; last_at: Date }

/** `held` is false when another process was numbering at that moment: it may not have seen what was committed just now. */
export type Sequencing = { sequenced: number; enqueued: number; more: boolean; held: boolean }

/** How many events to number at once next, by how much work the last ones made. */
export const nextBatch = ({ sequenced, enqueued }: Sequencing, batch: number): number => {
  if (sequenced === 0) return batch
  const perEvent = enqueued / sequenced
  return Math.max(1, Math.min(mostAtOnce, Math.floor(enqueuedAtOnce / Math.max(1, perEvent))))
}

/**
 * Moves committed events from the outbox to the log, giving each the next number of its workspace. Numbering after commit,
 * by one writer, is what lets a reader page by `sequence` without ever skipping an event that committed late.
 */
export const sequenceEvents = async (db: Db, fanOut: FanOut, batch = mostAtOnce): Promise<Sequencing> =>
  // scope: background work, done for all workspaces at once.
  // no event: it only numbers what was recorded before.
  transaction(db, async (tx) => {
    const { rows } = await sql<(Row | Record<keyof Row, null>) & { held: boolean }>`
      with mine as materialized (
        select pg_try_advisory_xact_lock(${lockKey}) as held
      ), taken as (
        delete from event_outbox o using (
          select workspace_id, id from event_outbox where (select held from mine) order by id limit ${batch}
        ) first
        where o.workspace_id = first.workspace_id and o.id = first.id
        returning o.*
      ), counted as (
        select workspace_id, count(*) as n from taken group by workspace_id
      ), advanced as (
        insert into event_sequences (workspace_id, last) select workspace_id, n from counted order by workspace_id
        on conflict (workspace_id) do update set last = event_sequences.last + excluded.last
        returning workspace_id, last
      ), numbered as (
        select t.*, a.last - c.n + row_number() over (partition by t.workspace_id order by t.id) as sequence
        from taken t join advanced a using (workspace_id) join counted c using (workspace_id)
      ), moved as (
        insert into events (workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, payload)
        select workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, head || sequence || tail
        from numbered order by workspace_id, sequence
      ), days as (
        insert into event_days (workspace_id, day, first, last, types)
        select workspace_id, (created_at at time zone 'UTC')::date, min(sequence), max(sequence), array_agg(distinct type)
        from numbered group by 1, 2 order by 1, 2
        on conflict (workspace_id, day) do update set
          first = least(event_days.first, excluded.first), last = greatest(event_days.last, excluded.last),
          types = case when event_days.types @> excluded.types then event_days.types
            else array(select unnest(event_days.types) union select unnest(excluded.types)) end
      ), subject_days as (
        insert into event_subject_days (workspace_id, subject_id, day, types)
        select workspace_id, subject_id, day, types from (
          select workspace_id, subject_id, (created_at at time zone 'UTC')::date as day, array_agg(distinct type) as types
          from numbered where subject_id is not null group by 1, 2, 3
        ) n
        -- A row that need not change is not even locked.
        where (select d.types @> n.types from event_subject_days d
          where d.workspace_id = n.workspace_id and d.subject_id = n.subject_id and d.day = n.day) is not true
        order by 1, 2, 3
        on conflict (workspace_id, subject_id, day) do update set
          types = array(select unnest(event_subject_days.types) union select unnest(excluded.types))
      ), ranges as (
        select workspace_id, min(sequence) as first, max(sequence) as last, min(created_at) as first_at, max(created_at) as last_at
        from numbered group by workspace_id
      )
      select mine.held, ranges.* from mine left join ranges on true`.execute(tx)
    const found = rows.filter((row): row is Row & { held: boolean } => row.workspace_id !== null)
    const ranges = found.map((row) => ({
      workspaceId: row.workspace_id,
      from: Number(row.first),
      to: Number(row.last),
      firstAt: row.first_at,
      lastAt: row.last_at,
    }))
    const sequenced = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    const enqueued = sequenced > 0 ? await fanOut(tx, ranges) : 0
    return { sequenced, enqueued, more: sequenced === batch, held: rows[0]?.held === true }
  })
