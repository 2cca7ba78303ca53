import type { ClientCache } from './client-cache.ts'
import type { Deps } from './deps.ts'
import type { SharedLimiter } from './leased-limiter.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { Transport } from './transport.ts'

/** What the server itself keeps beside what the endpoints get. */
export type Kernel = {
  deps: Deps
  /** Of this process alone: addresses. */
  limiter: RateLimiter
  /** Of all processes together: keys, people, workspaces, and the visitors of pages. */
  sharedLimiter: SharedLimiter
  transport: Transport
  clients: ClientCache
}
