import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, type ConnectionPool, DatabaseError } from './connection.ts'

/** Tables with a partition a day, in the order in which a day of them ends, and the columns that say when a row is of. */
export const partitioned = [
  { table: 'delivery_attempts', time: 'event_at', id: 'delivery_id' },
  { table: 'deliveries', time: 'event_at', id: 'id' },
  { table: 'request_logs', time: 'created_at', id: 'id' },
  { table: 'events', time: 'created_at', id: 'id' },
] as const

const daysAhead = 3
const dayMs = 86_400_000
// Whoever asks for a table while a drop waits for it waits too.
const lockTimeoutMs = 100
const lockRetries = 25
const lockRetryMs = 200
// One process drops, the others leave it to it: the number is arbitrary but fixed.
const lockKey = 7_252_091_405
const makeLockKey = 7_252_091_406
const lockNotAvailable = '55P03'
const noPartition = '23514'

/** A day in UTC, as YYYY-MM-DD; `offset` days later. */
export const dayOf = (at: Date, offset = 0): string =>
  new Date(at.getTime() + offset * dayMs).toISOString().slice(0, 10)

/** Whether a row belongs to a day that has no partition. */
export const isWithoutPartition = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === noPartition && error.message.includes('no partition')

const asOwner = async <Result>(
  pool: ConnectionPool,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> => {
  const connection = await pool.acquire()
  let broken = true
  try {
    connection.bound = ''
    await connection.query(`select set_config('role', 'none', false)`, [])
    const result = await work(connection)
    broken = false
    return result
  } finally {
    pool.release(connection, broken && pool.kind === 'postgres')
  }
}

const ensureDay = 'call ensure_day_partition($1::text::regclass, $2::text::date)'

/** Makes the daily partitions from yesterday to three days ahead, so that the clock passing midnight never meets a gap. */
export const ensurePartitions = (pool: ConnectionPool, now: Date): Promise<void> =>
  asOwner(pool, async (connection) => {
    // Two processes that make the same table at once would meet in the catalog.
    await connection.query('select pg_advisory_lock($1)', [makeLockKey])
    for (const { table } of partitioned)
      for (let offset = -1; offset <= daysAhead; offset++)
        await connection.query(ensureDay, [table, dayOf(now, offset)])
    await connection.query('select pg_advisory_unlock($1)', [makeLockKey])
  })

const findDays = `
  select distinct substring(inhrelid::regclass::text from '_(\\d{8})$') as day from pg_inherits
  where inhparent = any($1::text[]::regclass[]) order by 1`

/** The days that have partitions, oldest first. */
export const listDays = (pool: ConnectionPool): Promise<string[]> =>
  asOwner(pool, async (connection) => {
    const { rows } = await connection.query(findDays, [partitioned.map(({ table }) => table)])
    return rows.map(({ day }) => String(day).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'))
  })

const dropPartition = async (connection: Connection, table: string, day: string): Promise<boolean> => {
  await connection.script(`begin; set local lock_timeout = ${lockTimeoutMs}`)
  try {
    const { rows } = await connection.query('select pg_try_advisory_xact_lock($1) as held', [lockKey])
    if (rows[0]!.held) await connection.script(`drop table if exists ${table}_${day.replaceAll('-', '')}`)
    await connection.script('commit')
    return rows[0]!.held === true
  } catch (error) {
    await connection.script('rollback')
    if (error instanceof DatabaseError && error.code === lockNotAvailable) return false
    throw error
  }
}

/**
 * Drops one day of every daily table, one partition at a time, never keeping others off a table for longer than a moment.
 * False when readers, or another process that drops, left no such moment: the rest is for another time.
 */
export const dropDay = (pool: ConnectionPool, day: string): Promise<boolean> =>
  asOwner(pool, async (connection) => {
    for (const { table } of partitioned) {
      let dropped = false
      for (let tries = 0; !dropped && tries < lockRetries; tries++) {
        if (tries > 0) await sleep(lockRetryMs)
        dropped = await dropPartition(connection, table, day)
      }
      if (!dropped) return false
    }
    return true
  })
