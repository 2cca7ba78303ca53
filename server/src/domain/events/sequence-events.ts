import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'

/** An event that just got its number. `names` are all the names a subscription may know it by. */
export type SequencedEvent = {
  workspaceId: string
  id: string
  createdAt: Date
  type: string
  names: string[]
  sequence: number
}

/** Told of every batch inside the transaction that numbers it; returns how much work it enqueued. */
export type FanOut = (tx: Db, events: SequencedEvent[]) => Promise<number>

const batchSize = 500
// One sequencer at a time, whichever process it runs in: the number is arbitrary but fixed.
const lockKey = 7_252_091_403

type Row = { workspace_id: string; id: string; created_at: Date; type: string; names: string[]; sequence: number }

/**
 * Moves committed events from the outbox to the log, giving each the next number of its workspace. Numbering after commit,
 * by one writer, is what lets a reader page by `sequence` without ever skipping an event that committed late.
 */
export const sequenceEvents = async (
  db: Db,
  fanOut: FanOut,
): Promise<{ sequenced: number; enqueued: number; more: boolean }> =>
  // scope: background work, done for all workspaces at once.
  // no event: it only numbers what was recorded before.
  transaction(db, async (tx) => {
    const { rows } = await sql<Row>`
      with mine as materialized (
        select pg_try_advisory_xact_lock(${lockKey}) as held
      ), taken as (
        delete from event_outbox o using (
          select workspace_id, id from event_outbox where (select held from mine) order by id limit ${batchSize}
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
      )
      insert into events (workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, payload)
      select workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, head || sequence || tail
      from numbered order by workspace_id, sequence
      returning workspace_id, id, created_at, type, names, sequence`.execute(tx)
    const events = rows.map((row) => ({
      workspaceId: row.workspace_id,
      id: row.id,
      createdAt: row.created_at,
      type: row.type,
      names: row.names,
      sequence: Number(row.sequence),
    }))
    const enqueued = events.length > 0 ? await fanOut(tx, events) : 0
    return { sequenced: events.length, enqueued, more: events.length === batchSize }
  })
