import type { Deps } from './deps.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { Transport } from './transport.ts'

/** What the server itself keeps beside what the endpoints get. */
export type Kernel = { deps: Deps; limiter: RateLimiter; transport: Transport }
