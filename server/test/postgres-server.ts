import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export type PostgresServer = {
  /** Connection string of the superuser and the database `postgres`. */
  url: string
  version: string
  /** Ends it as a crash would, without a checkpoint; what was committed is there after `restart`. */
  crash(): Promise<void>
  /** Starts it again on the same port, and waits until it answers. */
  restart(): Promise<void>
  /** Ends the server at once and removes its folder; safe to call twice. */
  stop(): Promise<void>
}

/** `fsync: false` is faster and loses data when the machine stops: for tests that do not stop it. */
export type PostgresOptions = { fsync?: boolean }

const startDeadlineMs = 30_000
const stopDeadlineMs = 10_000

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true })

/** The folder of initdb and postgres: the newest of Debian's, otherwise the first of PATH; undefined when there is none. */
const findPostgres = (): string | undefined => {
  const packaged = globSync('/usr/lib/postgresql/*/bin').sort(newestFirst)
  const folders = [...packaged, ...(process.env.PATH ?? '').split(delimiter)]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

type Identity = { uid: number; gid: number }

/** PostgreSQL refuses to run as root: root hands it to `postgres` or `nobody`. Undefined means to run it as ourselves. */
const unprivileged = (): Identity | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = new RegExp(`^${name}:.*$`, 'm').exec(accounts)?.[0].split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL cannot run as root, and there is no account `postgres` or `nobody` to run it as.')
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port was found.')
  return address.port
}

/** Ends the server and removes its folder as soon as our end of its input closes, however this process dies. */
const guard = (server: ChildProcess, folder: string): ChildProcess => {
  const script =
    'cat; kill -INT "$0"; n=0; while kill -0 "$0" && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; kill -KILL "$0"; rm -rf "$1"'
  const child = spawn('/bin/sh', ['-c', script, String(server.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  return child
}

/** Its work is done: left alive it might signal a stranger who got the server's process id. */
const endGuard = ({ pid }: ChildProcess): void => {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const isReady = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Starts a PostgreSQL with an empty cluster in a temporary folder, on a free port of the loopback address, without a password. */
export const startPostgres = async ({ fsync = true }: PostgresOptions = {}): Promise<PostgresServer> => {
  const bin = findPostgres()
  if (bin === undefined)
    throw new Error(
      'No PostgreSQL server is installed: neither /usr/lib/postgresql/*/bin nor PATH has initdb and postgres.',
    )
  const identity = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'parley-postgres-'))
  if (identity) chownSync(folder, identity.uid, identity.gid)
  const data = join(folder, 'data')
  const log = join(folder, 'log')
  const fail = (problem: string): never => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-20).join('\n') : ''
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`${problem}\n${lines}`.trim())
  }
  try {
    const cluster = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    execFileSync(join(bin, 'initdb'), cluster, { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    fail(`initdb failed: ${error instanceof Error ? error.message : error}`)
  }
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    max_connections: '200',
    timezone: 'UTC',
    ...(fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const output = openSync(log, 'w')
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const start = async () => {
    const server = spawn(join(bin, 'postgres'), args, {
      ...identity,
      cwd: folder,
      detached: true,
      stdio: ['ignore', output, output],
    })
    const watch = guard(server, folder)
    const deadline = Date.now() + startDeadlineMs
    while (!(await isReady(url))) {
      if (hasExited(server)) {
        endGuard(watch)
        fail('PostgreSQL did not start.')
      }
      if (Date.now() > deadline) server.kill('SIGKILL')
      await sleep(50)
    }
    return { server, watch }
  }
  let running: Awaited<ReturnType<typeof start>> | undefined = await start()
  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    if (!running) return
    const { server, watch } = running
    running = undefined
    if (!hasExited(server)) {
      const exited = once(server, 'exit')
      server.kill(signal)
      const timer = setTimeout(() => server.kill('SIGKILL'), stopDeadlineMs)
      await exited
      clearTimeout(timer)
    }
    endGuard(watch)
  }
  const stop = async (): Promise<void> => {
    await end('SIGINT')
    rmSync(folder, { recursive: true, force: true })
  }
  const restart = async (): Promise<void> => {
    running = await start()
  }
  const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).trim()
  return { url, version, crash: () => end('SIGQUIT'), restart, stop }
}
