import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Connection, ConnectionPool } from './connection.ts'

const folder = new URL('../../migrations/', import.meta.url)

const readMigrations = async (): Promise<{ name: string; text: string }[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })))
}

/** Changes whenever a migration does; names caches of migrated databases. */
export const migrationsFingerprint = async (): Promise<string> => {
  const hash = createHash('sha256')
  for (const { name, text } of await readMigrations()) hash.update(name).update(text)
  return hash.digest('hex').slice(0, 16)
}

// One process migrates, the others wait: the number is arbitrary but fixed.
const lockKey = 7_252_091_402

const applyMissing = async (connection: Connection): Promise<string[]> => {
  await connection.script(
    'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
  )
  const { rows } = await connection.query('select name from schema_migrations', [])
  const done = new Set(rows.map((row) => row.name))
  const missing = (await readMigrations()).filter(({ name }) => !done.has(name))
  for (const { name, text } of missing) {
    await connection
      .script(`begin;\n${text}\n;insert into schema_migrations (name) values ('${name}');\ncommit;`)
      .catch(async (error: Error) => {
        await connection.script('rollback')
        throw new Error(`Migration ${name} failed: ${error.message}`, { cause: error })
      })
  }
  return missing.map(({ name }) => name)
}

/** Brings the schema up to date under an advisory lock and returns the names of the migrations it applied. */
export const migrate = async (pool: ConnectionPool): Promise<string[]> => {
  const connection = await pool.acquire()
  try {
    await connection.query(`select set_config('role', 'none', false)`, [])
    connection.bound = ''
    // Another process may be at it for long, and so may a migration of a large table.
    await connection.script('set statement_timeout = 0')
    await connection.script(`select pg_advisory_lock(${lockKey})`)
    try {
      return await applyMissing(connection)
    } finally {
      await connection.query('select pg_advisory_unlock($1)', [lockKey])
      await connection.script('reset statement_timeout')
    }
  } finally {
    pool.release(connection)
  }
}
