import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** One installation of Parley: a folder, a database and the process that serves it, which may be killed and started again. */
export type Parley = {
  baseUrl: string
  folder: string
  output(): string
  credentials(): Promise<Credentials>
  start(): Promise<void>
  /** Waits for the exit and returns its code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | string | null>
  child(): ChildProcess | undefined
  call(method: string, path: string, options?: { key?: string | null; body?: unknown; headers?: Record<string, string> }): Promise<Answer>
  remove(): Promise<void>
}

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const readyWithinMs = 60_000

export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
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

  let child: ChildProcess | undefined
  let output = ''

  const start = async () => {
    output = ''
    child = spawn(process.execPath, [main], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        PARLEY_CHECK_RESPONSES: 'true',
        PARLEY_LOG_LEVEL: 'warn',
        ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk))
    const deadline = Date.now() + readyWithinMs
    while (!output.includes('Parley is ready')) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Parley did not start:\n${output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  const stop: Parley['stop'] = async (signal = 'SIGTERM') => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? child?.signalCode ?? null
    const ended = once(child, 'exit')
    child.kill(signal)
    const [code, by] = await ended
    return code ?? by
  }

  const credentials = async (): Promise<Credentials> => JSON.parse(await readFile(join(folder, '.parley', 'credentials.json'), 'utf8'))

  return {
    baseUrl,
    folder,
    output: () => output,
    credentials,
    start,
    stop,
    child: () => child,
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

/** Asks again until `done` holds; fails loudly with the last answer. */
export const eventually = async <Value>(read: () => Promise<Value>, done: (value: Value) => boolean, withinMs = 20_000): Promise<Value> => {
  const deadline = Date.now() + withinMs
  for (;;) {
    const value = await read()
    if (done(value)) return value
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain; last seen: ${JSON.stringify(value)?.slice(0, 2_000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The frames of a Server-Sent Events body. */
export const readFrames = (text: string): { id: string; event: string; data: any }[] =>
  text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) }
    })
