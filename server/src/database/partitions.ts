import type { ConnectionPool } from './connection.ts'

const partitioned = ['events', 'deliveries', 'delivery_attempts', 'request_logs']
const daysAhead = 3
const dayMs = 86_400_000

// One process makes them, the others wait: two that make the same one at once would both fail. The number is arbitrary.
const lockKey = 7_252_091_405

const dayOf = (at: Date, offset: number): string => new Date(at.getTime() + offset * dayMs).toISOString().slice(0, 10)

/** Makes the daily partitions from yesterday to three days ahead, so that the clock passing midnight never meets a gap. */
export const ensurePartitions = async (pool: ConnectionPool, now: Date): Promise<void> => {
  const connection = await pool.acquire()
  try {
    connection.bound = ''
    await connection.query(`select set_config('role', 'none', false)`, [])
    await connection.query('select pg_advisory_lock($1)', [lockKey])
    try {
      for (const table of partitioned)
        for (let offset = -1; offset <= daysAhead; offset++)
          await connection.query('call ensure_day_partition($1::text::regclass, $2::text::date)', [
            table,
            dayOf(now, offset),
          ])
    } finally {
      await connection.query('select pg_advisory_unlock($1)', [lockKey])
    }
  } finally {
    pool.release(connection)
  }
}
