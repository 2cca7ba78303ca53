import pg from 'pg'

/** Loaded into the server before its main: answers every message with what the process has used and asked so far. */
export type Used = { cpu: number; rss: number; heap: number; statements: number }

let statements = 0
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  statements++
  return query.apply(this, args)
} as typeof pg.Client.prototype.query

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const used: Used = { cpu: user + system, rss: rss / 1_048_576, heap: heapUsed / 1_048_576, statements }
  process.send!(used)
})
process.channel?.unref()
// The benchmark has died: so does what it measured.
process.on('disconnect', () => process.exit())
