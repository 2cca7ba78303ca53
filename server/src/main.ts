import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { startBackground } from './background.ts'
import { systemClock } from './base/clock.ts'
import { createLog, type Log } from './base/log.ts'
import type { Mailer } from './base/mailer.ts'
import { createSafeHttp } from './base/safe-http.ts'
import { createSecretBox } from './base/secret-box.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { confirmSecret } from './confirm-secret.ts'
import { type Database, openDatabase } from './database/open.ts'
import { createKeyFormat } from './domain/api-keys/index.ts'
import { createLogHeads } from './domain/events/index.ts'
import { createProviders } from './domain/oidc/index.ts'
import { createRequestRecorder } from './domain/request-logs/index.ts'
import { createTokenFormat } from './domain/sessions/index.ts'
import { createPasswords } from './domain/users/index.ts'
import { createWidgetFormat } from './domain/widget/index.ts'
import { endpoints } from './endpoints.ts'
import { eventTypes } from './event-types.ts'
import { explainStart } from './explain-start.ts'
import { firstStart, renewBaseUrl } from './first-start.ts'
import { createCursorSeal } from './http/cursor-seal.ts'
import type { Deps } from './http/deps.ts'
import { createKeyCache } from './http/key-cache.ts'
import { createServer } from './http/server.ts'
import { createSessionCache } from './http/session-cache.ts'
import { shareRevocations } from './http/share-revocations.ts'
import { docsTextEndpoints } from './http/v1/docs.ts'
import { healthEndpoints } from './http/v1/health.ts'
import { createExtractiveModel } from './models/extractive/create-extractive-model.ts'
import type { Model } from './models/model.ts'
import { loadSecrets } from './secrets.ts'

const megabyte = 1_048_576
// A request that has not ended by then belongs to a client that no longer sends or reads.
const closeGraceMs = 5_000
const closeSweepMs = 50

// Listening on every address means no address that a client could be told, so it is told the one that is always there.
const localUrl = ({ HOST, PORT }: Config): string => {
  if (HOST === '0.0.0.0' || HOST === '::') return `http://127.0.0.1:${PORT}`
  return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT}`
}

const explainListen =
  ({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>) =>
  (error: NodeJS.ErrnoException): never => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new ConfigError([`PORT: port ${PORT} on ${HOST} is in use. Stop what listens there, or choose another.`])
  }

// Answers carry links to this server, so its port must be known before anything is built; and nobody should wait for a
// first start to hear that the port is taken.
const probePort = async ({ HOST, PORT }: Config): Promise<number> => {
  const probe = createNetServer().listen(PORT, HOST)
  await once(probe, 'listening').catch(explainListen({ HOST, PORT }))
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

const openModel = async (config: Config, extractive: Model): Promise<Model> => {
  const { PARLEY_MODEL_BASE_URL: baseUrl, PARLEY_MODEL_NAME: model, PARLEY_MODEL_API_KEY: apiKey } = config
  if (baseUrl === undefined || model === undefined) return extractive
  const { createAiSdkModel } = await import('./models/ai-sdk/create-ai-sdk-model.ts')
  return createAiSdkModel({ baseUrl, model, apiKey: apiKey ?? null })
}

const openMailer = async ({ PARLEY_SMTP_URL: server, PARLEY_MAIL_FROM: from }: Config): Promise<Mailer | null> => {
  if (!server || !from) return null
  const { createSmtpMailer } = await import('./base/smtp-mailer.ts')
  return createSmtpMailer({ server, from })
}

const buildDeps = async (
  config: Config,
  dataDir: string,
  database: Database,
  log: Log,
  stopping: AbortSignal,
): Promise<Deps> => {
  const secrets = await loadSecrets(config.PARLEY_SECRET_KEY, dataDir)
  await confirmSecret(database.system, secrets.fingerprint, dataDir)
  const keys = createKeyFormat({ brand: config.PARLEY_KEY_BRAND, pepper: secrets.pepper })
  const tokens = createTokenFormat(secrets.sessions)
  const extractive = createExtractiveModel()
  const safeHttp = createSafeHttp()
  const caches = shareRevocations(database.signals, {
    keyCache: createKeyCache({
      database,
      keys,
      clock: systemClock,
      onError: (error) => log.error({ err: error }, 'key use could not be noted'),
    }),
    sessionCache: createSessionCache({ database, tokens, clock: systemClock }),
  })
  return {
    ...caches,
    database,
    clock: systemClock,
    log,
    keys,
    widgetFormat: createWidgetFormat({ brand: config.PARLEY_KEY_BRAND, pepper: secrets.pepper }),
    requestRecorder: createRequestRecorder({ system: database.system, log }),
    tokens,
    cursorSeal: createCursorSeal(secrets.cursors),
    passwords: createPasswords(),
    models: { default: await openModel(config, extractive), extractive },
    safeHttp,
    oidcProviders: createProviders({ clock: systemClock, safeHttp }),
    secretBox: createSecretBox([{ id: 1, key: secrets.box }]),
    mailer: await openMailer(config),
    eventTypes,
    logHeads: createLogHeads({
      database,
      onError: (error) => log.error({ err: error }, 'the ends of logs could not be looked up'),
    }),
    stopping,
    settings: {
      publicUrl: config.PARLEY_PUBLIC_URL?.replace(/\/+$/, '') ?? localUrl(config),
      trustedProxies: config.PARLEY_TRUSTED_PROXIES,
      allowPlainHttp: config.PARLEY_ALLOW_PLAIN_HTTP,
      sandboxLoopback: config.PARLEY_SANDBOX_LOOPBACK,
      webhookHeaderBrand: config.PARLEY_WEBHOOK_HEADER_BRAND,
      webhookRetrySeconds: config.PARLEY_WEBHOOK_RETRY_SECONDS,
      widgetReadsPerMinute: config.PARLEY_WIDGET_READS_PER_MINUTE,
      widgetWritesPerMinute: config.PARLEY_WIDGET_WRITES_PER_MINUTE,
      bodyLimitBytes: megabyte,
      uploadLimitBytes: 20 * megabyte,
      checkResponses: config.PARLEY_CHECK_RESPONSES,
    },
  }
}

const guideReady = async (database: Database, stopping: AbortSignal): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (Date.now() < deadline && !stopping.aborted) {
    const waiting = await database.system
      .selectFrom('knowledge_sources')
      .select('id')
      .where('status', 'in', ['queued', 'processing'])
      .limit(1)
      .executeTakeFirst()
    if (!waiting) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

// What a worker refuses names its explanation, so it serves the pages that explain.
const workerEndpoints = [...healthEndpoints, ...docsTextEndpoints]

const whereTheApiIs = ({ PARLEY_PUBLIC_URL: publicUrl }: Config): string => {
  const what =
    'This process is a worker: it does background work, and answers GET /healthz, GET /readyz and the guide alone.'
  return publicUrl === undefined
    ? `${what} The API is where the processes of the role api or all are; with PARLEY_PUBLIC_URL set, this message names it.`
    : `${what} The API is at ${publicUrl.replace(/\/+$/, '')}.`
}

const openServer = (deps: Deps, config: Config): FastifyInstance =>
  config.PARLEY_ROLE === 'worker'
    ? createServer(deps, workerEndpoints, { whereElse: whereTheApiIs(config) })
    : createServer(deps, endpoints)

const greetWorker = (baseUrl: string): void =>
  console.log(
    `Parley is ready: a worker, whose health is at ${baseUrl}/readyz. Requests are answered by other processes.\n`,
  )

const welcome = (config: Config, baseUrl: string, credentialsPath: string, database: Database, log: Log): void => {
  const key = `$(node -p 'require("${credentialsPath}").sandbox_key')`
  const auth = `-H "Authorization: Bearer ${key}"`
  const json = `-H 'Content-Type: application/json'`
  const lines = [
    `Parley is ready at ${baseUrl}`,
    `Docs: ${baseUrl}/docs. Quickstart in the browser: ${baseUrl}/docs/api/quickstart. API reference: ${baseUrl}/docs/api.`,
    database.kind === 'embedded'
      ? 'Database: embedded, one connection, not safe against power loss. Set DATABASE_URL to use a PostgreSQL of your own.'
      : 'Database: PostgreSQL.',
    config.PARLEY_MODEL_NAME
      ? `Answers: written by ${config.PARLEY_MODEL_NAME}, every sentence checked against its source.`
      : 'Answers: quoted from your knowledge (extractive). Set PARLEY_MODEL_BASE_URL and PARLEY_MODEL_NAME for a language model.',
  ]
  if (existsSync(credentialsPath))
    lines.push(
      `Credentials: ${credentialsPath}`,
      '',
      'Try it:',
      `  curl -s ${baseUrl}/v1/chat ${auth} ${json} -d '{"message":"How do I verify a webhook signature?"}'`,
      `  curl -s ${baseUrl}/v1/contacts ${auth} ${json} -d '{"name":"Alex Johnson","email":"alex@acmecorp.com"}'`,
      `  curl -s ${baseUrl}/v1/events ${auth}`,
    )
  else
    log.warn(
      { path: credentialsPath },
      'no credentials file here: this database was set up from another data directory',
    )
  console.log(`${lines.join('\n')}\n`)
}

/** Lets requests finish, and hangs up on those that do not. */
const closeServer = async (server: FastifyInstance): Promise<void> => {
  const timer = setTimeout(() => server.server.closeAllConnections(), closeGraceMs)
  // Closing hangs up on what is idle at that moment; a client that keeps its connection after a last answer is idle later.
  const sweep = setInterval(() => server.server.closeIdleConnections(), closeSweepMs)
  await server.close()
  clearTimeout(timer)
  clearInterval(sweep)
}

const listen = (server: FastifyInstance, { HOST, PORT }: Config): Promise<unknown> =>
  server.listen({ port: PORT, host: HOST }).catch(explainListen({ HOST, PORT }))

// `--role worker` is PARLEY_ROLE=worker, said more briefly.
const readArguments = (): { PARLEY_ROLE?: string } => {
  try {
    const { role } = parseArgs({ options: { role: { type: 'string' } } }).values
    return role === undefined ? {} : { PARLEY_ROLE: role }
  } catch (error) {
    throw new ConfigError([
      `${error instanceof Error ? error.message : error}\n  The only argument is --role all|api|worker.`,
    ])
  }
}

const run = async (): Promise<void> => {
  const given = readConfig({ ...process.env, ...readArguments() })
  const log = createLog(given.PARLEY_LOG_LEVEL)
  const dataDir = resolve(given.PARLEY_DATA_DIR)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const stopping = new AbortController()
  const database = await openDatabase({
    url: given.DATABASE_URL ?? null,
    folder: dataDir,
    maxConnections: given.PARLEY_DATABASE_CONNECTIONS,
    onError: (error) => log.error({ err: error }, 'a database connection failed'),
  })
  const config: Config = { ...given, PORT: await probePort(given) }
  const deps = await buildDeps(config, dataDir, database, log, stopping.signal)
  const role = config.PARLEY_ROLE
  const server = openServer(deps, config)
  const stopBackground = await startBackground(deps, { role })

  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= (async () => {
      log.info('stopping')
      stopping.abort()
      await closeServer(server)
      await stopBackground()
      await deps.safeHttp.close()
      await database.close()
    })()
    return stopped
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop().then(
        () => process.exit(0),
        (error) => {
          log.error({ err: error }, 'could not stop cleanly')
          process.exit(1)
        },
      )
    })

  if (role === 'worker') {
    await listen(server, config)
    greetWorker(localUrl(config))
    return
  }
  const credentials = await firstStart(deps, dataDir)
  if (!credentials)
    await renewBaseUrl(dataDir, deps.settings.publicUrl).catch((error) =>
      log.warn({ err: error }, 'credentials.json could not be brought up to date; nothing else needs it'),
    )
  // Whoever asks as soon as the port answers gets an answer from the guide, not a hand-off.
  if (credentials && role === 'all') await guideReady(database, stopping.signal)
  if (stopping.signal.aborted) return
  await listen(server, config)
  if (!stopping.signal.aborted)
    welcome(config, deps.settings.publicUrl, join(dataDir, 'credentials.json'), database, log)
}

const supported = 24

if (Number(process.versions.node.split('.')[0]) < supported) {
  console.error(
    `Parley runs on Node ${supported} or newer; this is ${process.version}. Start it with \`npm start\`, which brings its own.`,
  )
  process.exit(1)
}

run().catch((error: unknown) => {
  console.error(explainStart(error, process.env) ?? error)
  process.exit(1)
})
