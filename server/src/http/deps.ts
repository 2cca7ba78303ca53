import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Mailer } from '../base/mailer.ts'
import type { SafeHttp } from '../base/safe-http.ts'
import type { SecretBox } from '../base/secret-box.ts'
import type { Database } from '../database/open.ts'
import type { KeyFormat, KeyHolder } from '../domain/api-keys/index.ts'
import type { EventType, LogHeads } from '../domain/events/index.ts'
import type { Providers } from '../domain/oidc/index.ts'
import type { RequestRecorder } from '../domain/request-logs/index.ts'
import type { TokenFormat } from '../domain/sessions/index.ts'
import type { Passwords } from '../domain/users/index.ts'
import type { WidgetFormat } from '../domain/widget/index.ts'
import type { Model } from '../models/model.ts'
import type { CursorSeal } from './cursor-seal.ts'
import type { SessionCache } from './session-cache.ts'

/** Credentials already checked a moment ago; `forget` makes a revocation take effect at once in this process. */
export type KeyCache = {
  /** `beforeLookUp` is called before a key that is not known yet costs a query; it may throw. */
  find(key: string, beforeLookUp?: () => void): Promise<KeyHolder | undefined>
  forget(hash: Buffer): void
  /** Counts one call; throws PlanLimitError when the month's calls of the key are used up. */
  count(holder: KeyHolder): Promise<void>
  /** Writes what was counted since the last time: calls a month, and when each key was last used. Gives back leased calls. */
  flush(): Promise<void>
}

export type Settings = {
  /** Where the outside reaches this server, without a trailing slash; links in answers begin with it. */
  publicUrl: string
  trustedProxies: readonly string[]
  allowPlainHttp: boolean
  /** Sandbox workspaces may name http and loopback addresses. */
  sandboxLoopback: boolean
  /** `Parley` gives `X-Parley-Signature`. */
  webhookHeaderBrand: string
  /** Seconds before each attempt of a delivery, counted from the one before. */
  webhookRetrySeconds: readonly number[]
  /** What one visitor may read, and what they may send, in a minute; the same for a widget key from one address. */
  widgetReadsPerMinute: number
  widgetWritesPerMinute: number
  bodyLimitBytes: number
  uploadLimitBytes: number
  /** Tests and acceptance runs: an answer that does not fit its declared schema is a 500. */
  checkResponses: boolean
}

/** The outside world as the endpoints get it: built once by `main`, handed down as plain arguments. */
export type Deps = {
  database: Database
  clock: Clock
  log: Log
  keys: KeyFormat
  keyCache: KeyCache
  widgetFormat: WidgetFormat
  requestRecorder: RequestRecorder
  tokens: TokenFormat
  sessionCache: SessionCache
  cursorSeal: CursorSeal
  passwords: Passwords
  oidcProviders: Providers
  /** The model this server is set up with, and the one that needs nothing. */
  models: { default: Model; extractive: Model }
  safeHttp: SafeHttp
  secretBox: SecretBox
  /** Null: people are mailed nothing, and nothing is queued for them. */
  mailer: Mailer | null
  eventTypes: readonly EventType[]
  /** What readers of the log wait on. */
  logHeads: LogHeads
  settings: Settings
  /** Aborts when the server is asked to stop: streams end with a part that says so. */
  stopping: AbortSignal
}
