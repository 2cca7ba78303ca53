import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { startBackground } from '../src/background.ts'
import type { Clock } from '../src/base/clock.ts'
import { systemClock } from '../src/base/clock.ts'
import { type Log, silentLog } from '../src/base/log.ts'
import type { Mailer } from '../src/base/mailer.ts'
import { createSafeHttp } from '../src/base/safe-http.ts'
import { createSecretBox } from '../src/base/secret-box.ts'
import type { Database } from '../src/database/open.ts'
import { createKeyFormat, insertKey } from '../src/domain/api-keys/index.ts'
import { createLogHeads } from '../src/domain/events/index.ts'
import { createProviders } from '../src/domain/oidc/index.ts'
import { createRequestRecorder } from '../src/domain/request-logs/index.ts'
import { type Scope, scopes } from '../src/domain/scopes.ts'
import { createTokenFormat } from '../src/domain/sessions/index.ts'
import { createPasswords } from '../src/domain/users/index.ts'
import { createWidgetFormat } from '../src/domain/widget/index.ts'
import { endpoints as everyEndpoint } from '../src/endpoints.ts'
import { eventTypes } from '../src/event-types.ts'
import { createCursorSeal } from '../src/http/cursor-seal.ts'
import type { Deps, Settings } from '../src/http/deps.ts'
import type { Endpoint } from '../src/http/endpoint.ts'
import { createKeyCache } from '../src/http/key-cache.ts'
import { createServer } from '../src/http/server.ts'
import { createSessionCache } from '../src/http/session-cache.ts'
import { createExtractiveModel } from '../src/models/extractive/create-extractive-model.ts'
import type { Model } from '../src/models/model.ts'
import { openTestDatabase } from './database.ts'
import { makeCtx, makeWorkspace } from './make.ts'

export type TestRequest = {
  key?: string
  /** Sent as JSON; a string or bytes go as they are. */
  body?: unknown
  headers?: Record<string, string | string[]>
  /** The address the request comes from; loopback when not given. */
  from?: string
}

export type TestResponse = {
  status: number
  headers: Record<string, string | undefined>
  text: string
  /** The body as JSON; throws when it is none. */
  json: <Body = Record<string, unknown>>() => Body
}

export type NewTestKey = {
  workspaceId: string
  scopes?: readonly Scope[]
  mode?: 'live' | 'sandbox'
  expiresAt?: Date
  allowedAddresses?: string[]
}

export type TestApp = {
  app: FastifyInstance
  deps: Deps
  database: Database
  /** Sends a request through the whole server, without a socket. */
  call: (method: string, path: string, request?: TestRequest) => Promise<TestResponse>
  makeKey: (key: NewTestKey) => Promise<string>
  makeWorkspace: (mode?: 'live' | 'sandbox') => Promise<string>
  /** Serves on a free port of the loopback and returns the base URL. */
  listen: () => Promise<string>
  /** Asks the server to stop, as a signal to its process does. */
  stop: () => void
  close: () => Promise<void>
}

export type TestAppOptions = {
  endpoints?: readonly Endpoint[]
  database?: Database
  clock?: Clock
  log?: Log
  model?: Model
  /** None when not given, as where no SMTP server is set. */
  mailer?: Mailer
  settings?: Partial<Settings>
  /** Runs the sequencer and the worker beside the requests, as `main` does. */
  background?: boolean
}

const megabyte = 1_048_576

const settingsOf = (changed: Partial<Settings> = {}): Settings => ({
  publicUrl: 'https://parley.test',
  trustedProxies: [],
  allowPlainHttp: false,
  sandboxLoopback: true,
  webhookHeaderBrand: 'Parley',
  webhookRetrySeconds: [0, 300, 1_800, 7_200, 28_800],
  widgetReadsPerMinute: 100_000,
  widgetWritesPerMinute: 100_000,
  bodyLimitBytes: megabyte,
  uploadLimitBytes: 20 * megabyte,
  checkResponses: true,
  ...changed,
})

const bytesOf = (body: unknown): string | Buffer | undefined => {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body
  return JSON.stringify(body)
}

/** The real server over a database of its own, as `main` builds it; closing it also closes the database it opened. */
export const openTestApp = async (options: TestAppOptions = {}): Promise<TestApp> => {
  const database = options.database ?? (await openTestDatabase())
  const clock = options.clock ?? systemClock
  const log = options.log ?? silentLog
  const keys = createKeyFormat({ brand: 'ply', pepper: Buffer.alloc(32, 7) })
  const tokens = createTokenFormat(Buffer.alloc(32, 9))
  const extractive = createExtractiveModel()
  const stopping = new AbortController()
  const safeHttp = createSafeHttp()
  const deps: Deps = {
    database,
    clock,
    log,
    keys,
    keyCache: createKeyCache({
      database,
      keys,
      clock,
      onError: (error) => log.error({ err: error }, 'key use could not be noted'),
    }),
    widgetFormat: createWidgetFormat({ brand: 'ply', pepper: Buffer.alloc(32, 7) }),
    requestRecorder: createRequestRecorder({ system: database.system, log }),
    tokens,
    cursorSeal: createCursorSeal(Buffer.alloc(32, 11)),
    sessionCache: createSessionCache({ database, tokens, clock }),
    passwords: createPasswords(),
    models: { default: options.model ?? extractive, extractive },
    safeHttp,
    oidcProviders: createProviders({ clock, safeHttp }),
    secretBox: createSecretBox([{ id: 1, key: randomBytes(32) }]),
    mailer: options.mailer ?? null,
    eventTypes,
    logHeads: createLogHeads({
      database,
      onError: (error) => log.error({ err: error }, 'the ends of logs could not be looked up'),
    }),
    settings: settingsOf(options.settings),
    stopping: stopping.signal,
  }
  const app = createServer(deps, options.endpoints ?? everyEndpoint)
  const stopBackground = options.background ? await startBackground(deps, { pollMs: 20 }) : async () => undefined

  const call: TestApp['call'] = async (method, path, { key, body, headers = {}, from } = {}) => {
    const payload = bytesOf(body)
    const response = await app.inject({
      // The types list the usual methods; the router takes any.
      method: method as 'GET',
      url: path,
      ...(from === undefined ? {} : { remoteAddress: from }),
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string | undefined>,
      text: response.payload,
      json: <Body>() => JSON.parse(response.payload) as Body,
    }
  }

  return {
    app,
    deps,
    database,
    call,
    makeKey: async ({ workspaceId, mode = 'sandbox', scopes: held = scopes, expiresAt, allowedAddresses = [] }) => {
      const ctx = makeCtx(database, workspaceId, { mode })
      const input = { name: 'Test key', scopes: [...held], expiresAt: expiresAt ?? null, allowedAddresses }
      return (await insertKey(ctx, ctx.db, input, keys)).key
    },
    makeWorkspace: (mode) => makeWorkspace(database, mode),
    listen: async () => {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    },
    stop: () => stopping.abort(),
    close: async () => {
      stopping.abort()
      // A connection that was opened and never used counts as busy for a minute.
      app.server.closeAllConnections()
      await app.close()
      await stopBackground()
      await deps.keyCache.flush().catch(() => undefined)
      await deps.requestRecorder.flush()
      await deps.safeHttp.close()
      if (!options.database) await database.close()
    },
  }
}
