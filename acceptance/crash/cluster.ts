import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../server/test/postgres-server.ts'
import { type Credentials, freePort, type Launched, launch, main } from '../parley.ts'
import { pause } from './random.ts'

export type Role = 'api' | 'worker' | 'all'

/** A server process that is started again, as a supervisor would, whenever it ends. */
export type Member = {
  role: Role
  baseUrl: string
  /** Ends it without a chance to tidy up, and starts it again after a while. */
  kill(downMs: number): Promise<void>
  /** Stops it in the middle of whatever it does; it wakes up believing that no time has passed. */
  freeze(ms: number): Promise<void>
  /** The same, until the returned function is called. */
  stop(): () => void
  ready(): Promise<void>
}

/** Several processes on one PostgreSQL, or one on the embedded database, and what may be done to them. */
export type Cluster = {
  members: Member[]
  credentials: Credentials
  /** Null on the embedded database, which lives in its process. */
  crashDatabase: ((downMs: number) => Promise<void>) | null
  /** Processes that ended although nobody had killed them, with their last words. */
  deaths: string[]
  stop(): Promise<void>
}

export type ClusterOptions = {
  embedded: boolean
  /** Another build to run. */
  main?: string
  /** Seconds before each attempt of a delivery. */
  retrySeconds?: readonly number[]
}

const quickRetries = [0, ...Array<number>(400).fill(0.2)]
const restartMs = 200
const readyWithinMs = 60_000
const roles: readonly Role[] = ['api', 'api', 'worker', 'worker']

const lastWords = (output: string): string => output.trim().split('\n').slice(-12).join('\n')

type Supervised = { member: Member; end(): Promise<void> }

const supervise = async (
  role: Role,
  folder: string,
  environment: Record<string, string>,
  entry: string,
  database: { downUntil: number },
  deaths: string[],
): Promise<Supervised> => {
  const port = await freePort()
  let current: Launched
  let wanted = true
  let killed = false
  let restartAfterMs = restartMs
  let isReady = false

  const run = async () => {
    while (wanted) {
      killed = false
      isReady = false
      const launchedAt = performance.now()
      current = launch(folder, { ...environment, PORT: String(port) }, [entry, '--role', role])
      const { child, output, ended } = current
      const watch = setInterval(() => {
        if (output().includes('Parley is ready')) isReady = true
      }, 20)
      const end = await ended
      clearInterval(watch)
      // A start without a database is refused, and tried again; whoever ran must outlive its absence.
      const mayEnd = killed || !wanted || (!isReady && database.downUntil > launchedAt)
      isReady = false
      if (!mayEnd) deaths.push(`${role} (process ${child.pid}) ended by itself (${end}):\n${lastWords(output())}`)
      if (wanted) await pause(killed ? restartAfterMs : restartMs)
    }
  }
  const running = run()

  const kill = async (downMs: number) => {
    killed = true
    restartAfterMs = downMs
    current.child.kill('SIGKILL')
    await current.ended
  }
  const ready = async () => {
    const deadline = Date.now() + readyWithinMs
    while (!isReady) {
      if (Date.now() > deadline) throw new Error(`${role} did not become ready:\n${lastWords(current.output())}`)
      await pause(20)
    }
  }
  const stop = () => {
    const { child } = current
    child.kill('SIGSTOP')
    return () => void child.kill('SIGCONT')
  }
  const freeze = async (ms: number) => {
    const goOn = stop()
    await pause(ms)
    goOn()
  }
  return {
    member: { role, baseUrl: `http://127.0.0.1:${port}`, kill, freeze, stop, ready },
    end: async () => {
      wanted = false
      await kill(0)
      await running
    },
  }
}

const createDatabase = async (server: PostgresServer): Promise<string> => {
  const name = `parley_crash_${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query(`create database ${name}`)
  await admin.end()
  return Object.assign(new URL(server.url), { pathname: `/${name}` }).toString()
}

/** Starts everything on an empty database, all at once. */
export const startCluster = async ({
  embedded,
  main: entry = main,
  retrySeconds = quickRetries,
}: ClusterOptions): Promise<Cluster> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-crash-'))
  const server = embedded ? undefined : await startPostgres()
  const database = { downUntil: 0 }
  const environment = {
    PATH: process.env.PATH ?? '',
    PARLEY_LOG_LEVEL: 'warn',
    PARLEY_SECRET_KEY: randomBytes(32).toString('base64'),
    PARLEY_WEBHOOK_RETRY_SECONDS: retrySeconds.join(),
    ...(server ? { DATABASE_URL: await createDatabase(server) } : {}),
  }
  const crash = async (postgres: PostgresServer, downMs: number) => {
    database.downUntil = Infinity
    await postgres.crash()
    await pause(downMs)
    await postgres.restart()
    database.downUntil = performance.now()
  }
  // One after the other: a server that is still recovering cannot crash as one that runs does.
  let crashing: Promise<void> = Promise.resolve()
  const deaths: string[] = []
  const supervised = await Promise.all(
    (embedded ? (['all'] as const) : roles).map((role, i) =>
      supervise(
        role,
        folder,
        { ...environment, PARLEY_DATA_DIR: join(folder, `process-${i}`) },
        entry,
        database,
        deaths,
      ),
    ),
  )
  const members = supervised.map(({ member }) => member)
  const stop = async () => {
    await Promise.all(supervised.map(({ end }) => end()))
    await server?.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const readCredentials = async (): Promise<Credentials> => {
    for (let i = 0; i < members.length; i++) {
      const text = await readFile(join(folder, `process-${i}`, 'credentials.json'), 'utf8').catch(() => undefined)
      if (text) return JSON.parse(text)
    }
    throw new Error('No process has made the first workspace.')
  }
  try {
    await Promise.all(members.map(({ ready }) => ready()))
    return {
      members,
      credentials: await readCredentials(),
      deaths,
      stop,
      crashDatabase: server
        ? (downMs) => {
            crashing = crashing.then(() => crash(server, downMs))
            return crashing
          }
        : null,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
