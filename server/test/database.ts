import { randomUUID } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { migrationsFingerprint } from '../src/database/migrate.ts'
import { type Database, openDatabase } from '../src/database/open.ts'

const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/parley/', import.meta.url))
const staleAfterMs = 3_600_000

// --- Embedded: a migrated data directory, made once and opened in memory ---

const embeddedVersion = async (): Promise<string> => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest.dependencies['@electric-sql/pglite']
}

const writeDump = async (path: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-dump-'))
  try {
    await (await openDatabase({ url: null, folder })).close()
    const migrated = await PGlite.create(join(folder, 'database'))
    const dump = await migrated.dumpDataDir('none')
    await migrated.close()
    await mkdir(cacheFolder, { recursive: true })
    const draft = `${path}.${randomUUID()}`
    await writeFile(draft, Buffer.from(await dump.arrayBuffer()))
    await rename(draft, path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const removeStaleDumps = async (keep: string): Promise<void> => {
  for (const name of await readdir(cacheFolder)) {
    const path = join(cacheFolder, name)
    const file = await stat(path).catch(() => undefined)
    if (path !== keep && file && Date.now() - file.mtimeMs > staleAfterMs) await rm(path, { force: true })
  }
}

/** Path of a dump of the migrated embedded database. It is rewritten only when a migration or the database's version changes. */
const migratedDump = async (): Promise<string> => {
  const path = join(cacheFolder, `migrated-${await embeddedVersion()}-${await migrationsFingerprint()}.tar`)
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  if (!exists) {
    await writeDump(path)
    await removeStaleDumps(path)
  }
  return path
}

// --- PostgreSQL: a migrated template, made once and copied ---

// One process makes the template, the others wait: the number is arbitrary but fixed.
const templateLock = 7_252_091_499

const serverUrl = (): string | undefined => process.env.PARLEY_TEST_DATABASE_URL

const withDatabaseName = (url: string, name: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

const onServer = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const ensureTemplate = async (client: pg.Client, url: string): Promise<string> => {
  const template = `parley_template_${await migrationsFingerprint()}`
  await client.query('select pg_advisory_lock($1)', [templateLock])
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount) return template
    const draft = `${template}_draft`
    await client.query(`drop database if exists ${draft} with (force)`)
    await client.query(`create database ${draft}`)
    await (await openDatabase({ url: withDatabaseName(url, draft), folder: null })).close()
    await client.query(`alter database ${draft} rename to ${template}`)
    return template
  } finally {
    await client.query('select pg_advisory_unlock($1)', [templateLock])
  }
}

/** A migrated database of its own: `url` is null when the tests run on the embedded one. `drop` removes it. */
export type TestDatabaseUrl = { url: string | null; drop: () => Promise<void> }

/** For a test that starts a server process: what to give it as DATABASE_URL, if anything. */
export const createTestDatabaseUrl = async (): Promise<TestDatabaseUrl> => {
  const server = serverUrl()
  if (server === undefined) return { url: null, drop: async () => undefined }
  const name = `parley_test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, async (client) => {
    const template = await ensureTemplate(client, server)
    await client.query(`create database ${name} template ${template}`)
  })
  const drop = () =>
    onServer(server, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`)
    })
  return { url: withDatabaseName(server, name), drop }
}

/**
 * A migrated database that nobody else has: on PostgreSQL when PARLEY_TEST_DATABASE_URL names a server, embedded and in
 * memory otherwise. Open one per test file and close it in `after`; closing also removes it.
 */
export const openTestDatabase = async (): Promise<Database> => {
  const { url, drop } = await createTestDatabaseUrl()
  const database = url
    ? await openDatabase({ url, folder: null })
    : await openDatabase({ url: null, folder: null, dump: await migratedDump() })
  return {
    ...database,
    close: async () => {
      await database.close()
      await drop()
    },
  }
}
