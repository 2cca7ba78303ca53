import type { Signals } from '../database/signals.ts'
import type { KeyCache } from './deps.ts'
import type { SessionCache } from './session-cache.ts'

type Caches = { keyCache: KeyCache; sessionCache: SessionCache }

/**
 * Makes what one process forgets forgotten by all of them, within milliseconds. A word that gets lost costs nothing more
 * than the second after which the caches look again by themselves.
 */
export const shareRevocations = (signals: Signals, { keyCache, sessionCache }: Caches): Caches => {
  const forget = {
    key: (name: string) => keyCache.forget(Buffer.from(name, 'base64url')),
    session: sessionCache.forget,
    user: sessionCache.forgetUser,
  }
  signals.hear('forget', (detail) => {
    const [kind = '', name = ''] = detail?.split(':') ?? []
    if (kind === 'key' || kind === 'session' || kind === 'user') forget[kind](name)
  })
  const shared = (kind: keyof typeof forget) => (name: string) => {
    forget[kind](name)
    signals.tell('forget', `${kind}:${name}`)
  }
  const forgetKey = shared('key')
  return {
    keyCache: { ...keyCache, forget: (hash) => forgetKey(hash.toString('base64url')) },
    sessionCache: { ...sessionCache, forget: shared('session'), forgetUser: shared('user') },
  }
}
