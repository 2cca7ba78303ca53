import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

export type Credentials = {
  base_url: string
  workspace_id: string
  live_key: string
  sandbox_key: string
  sandbox_workspace_id: string
  admin_email: string
  admin_password: string
}

export type Answer = { status: number; headers: Headers; body: any }

/** A process of our own making; `ended` resolves with its exit code, or the signal that ended it. */
export type Launched = { child: ChildProcess; output(): string; ended: Promise<number | string> }

/** One installation of Parley: a folder, a database and the process that serves it, which may be killed and started again. */
export type Parley = {
  baseUrl: string
  folder: string
  /** What `start` passes to the process, whole. */
  environment: Record<string, string>
  output(): string
  credentials(): Promise<Credentials>
  start(): Promise<void>
  /** Waits for the exit and returns its code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | string | null>
  child(): ChildProcess | undefined
  call(
    method: string,
    path: string,
    options?: { key?: string | null; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>
  remove(): Promise<void>
}

export const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
// A process that hangs is told of all the same; one on a machine with ten others at work needs its time.
const readyWithinMs = 90_000
const endedWithinMs = 60_000

/** Whether the specs run on PostgreSQL instead of the embedded database. */
export const onPostgres = Boolean(process.env.PARLEY_TEST_DATABASE_URL)

/** Starts `node` with these arguments, in this folder and with nothing but this environment. */
export const launch = (folder: string, environment: Record<string, string>, command: string[] = [main]): Launched => {
  let output = ''
  const child = spawn(process.execPath, command, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { child, output: () => output, ended }
}

/** The end of a process that must come by itself; one that hangs is killed and told of. */
export const endOf = async ({ child, output, ended }: Launched): Promise<number | string> => {
  const timer = setTimeout(() => child.kill('SIGKILL'), endedWithinMs)
  const end = await ended
  clearTimeout(timer)
  if (child.signalCode === 'SIGKILL')
    throw new Error(`The process did not end within ${endedWithinMs} ms:\n${output()}`)
  return end
}

/** Waits until the process has said this; fails loudly when it ends before. */
export const untilSaid = async (launched: Launched, text: string): Promise<void> => {
  const { child, output } = launched
  const deadline = Date.now() + readyWithinMs
  while (!output().includes(text)) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
      throw new Error(`Parley did not start:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

/** Below the ports that connections are given: a server that is killed must find its own free when it starts again. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    if (await isFree(port)) return port
  }
}

const withAdmin = async (url: string, statement: string): Promise<void> => {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(statement)
  await admin.end()
}

/** Installs Parley into an empty folder, on the embedded database or, when PARLEY_TEST_DATABASE_URL is set, on a fresh PostgreSQL one. */
export const installParley = async (environment: Record<string, string> = {}): Promise<Parley> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-acceptance-'))
  const port = await freePort()
  const baseUrl = `http://127.0.0.1:${port}`
  const server = process.env.PARLEY_TEST_DATABASE_URL
  const database = `parley_acceptance_${randomUUID().replaceAll('-', '')}`
  if (server) await withAdmin(server, `create database ${database}`)
  const databaseUrl = server ? Object.assign(new URL(server), { pathname: `/${database}` }).toString() : undefined

  const ownEnvironment = {
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    PARLEY_CHECK_RESPONSES: 'true',
    PARLEY_LOG_LEVEL: 'warn',
    ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
    ...environment,
  }
  let launched: Launched | undefined

  const start = async () => {
    launched = launch(folder, ownEnvironment)
    await untilSaid(launched, 'Parley is ready')
  }

  const stop: Parley['stop'] = async (signal = 'SIGTERM') => {
    if (!launched) return null
    launched.child.kill(signal)
    return signal === 'SIGKILL' ? launched.ended : endOf(launched)
  }

  const credentials = async (): Promise<Credentials> =>
    JSON.parse(await readFile(resolve(folder, environment.PARLEY_DATA_DIR ?? '.parley', 'credentials.json'), 'utf8'))

  return {
    baseUrl,
    folder,
    environment: ownEnvironment,
    output: () => launched?.output() ?? '',
    credentials,
    start,
    stop,
    child: () => launched?.child,
    call: async (method, path, { key, body, headers = {} } = {}) => {
      const usedKey = key === undefined ? (await credentials()).sandbox_key : key
      const form = body instanceof FormData
      const response = await fetch(baseUrl + path, {
        method,
        headers: {
          ...(usedKey === null ? {} : { authorization: `Bearer ${usedKey}` }),
          ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const json = response.headers.get('content-type')?.includes('json')
      return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
    },
    remove: async () => {
      await stop('SIGKILL')
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      if (server) await withAdmin(server, `drop database if exists ${database} with (force)`)
    },
  }
}

/** Installs what one spec file needs; the file calls `removeAll` after its tests. */
export const createInstaller = () => {
  const installed: Parley[] = []
  return {
    /** In the order of their making. */
    installed,
    install: async (environment?: Record<string, string>): Promise<Parley> => {
      const parley = await installParley(environment)
      installed.push(parley)
      return parley
    },
    removeAll: async (): Promise<void> => {
      for (const parley of installed.toReversed()) await parley.remove()
    },
  }
}

/** Asks again until `done` holds; fails loudly with the last answer. */
export const eventually = async <Value>(
  read: () => Promise<Value>,
  done: (value: Value) => boolean,
  withinMs = 20_000,
): Promise<Value> => {
  const deadline = Date.now() + withinMs
  for (;;) {
    const value = await read()
    if (done(value)) return value
    if (Date.now() > deadline)
      throw new Error(`Waited ${withinMs} ms in vain; last seen: ${JSON.stringify(value)?.slice(0, 2_000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export type Frame = { id: string; event: string; data: any }

/** The frames of a Server-Sent Events body. */
export const readFrames = (text: string): Frame[] =>
  text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) }
    })

/** The frames of an open stream as they arrive; ends where the stream ends, properly or not. */
export async function* framesAsTheyCome(response: Response): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      const end = text.lastIndexOf('\n\n')
      if (end === -1) continue
      yield* readFrames(text.slice(0, end))
      text = text.slice(end + 2)
    }
  } catch {
    return
  }
}
