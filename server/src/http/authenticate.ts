import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../base/errors.ts'
import type { KeyHolder } from '../domain/api-keys/index.ts'
import { isSessionToken, type SessionHolder } from '../domain/sessions/index.ts'
import type { KeyCache } from './deps.ts'
import type { SessionCache } from './session-cache.ts'

/** Who calls: a program by its key, or a person by their session. */
export type Holder = (KeyHolder | SessionHolder) & {
  /** Where the caller belongs, while it acts in the workspace of a client. */
  agencyId?: string
}

const missing = () => new AppError('UNAUTHORIZED', 'Bearer token is missing or invalid.')

const sentTwice = (name: string) =>
  new AppError('BAD_REQUEST', `The ${name} header is sent more than once.`, { param: name })

/**
 * The credential of a request: `Authorization: Bearer …` or `X-API-Key: …`; the two must agree when both are sent. A header
 * that was sent twice arrives as both values with a comma and a space between them.
 */
export const credentialOf = (headers: IncomingHttpHeaders): string | undefined => {
  const { authorization } = headers
  const apiKey = headers['x-api-key']?.toString()
  if (authorization !== undefined && /^bearer +\S+, (?:bearer|basic) /i.test(authorization))
    throw sentTwice('Authorization')
  if (apiKey?.includes(', ')) throw sentTwice('X-API-Key')
  const bearer = authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  if (authorization !== undefined && bearer === undefined) throw missing()
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey)
    throw new AppError('BAD_REQUEST', 'Authorization and X-API-Key carry different credentials: send one of them.', {
      param: 'X-API-Key',
    })
  return bearer ?? apiKey
}

/** Who calls. Throws UNAUTHORIZED when the credential is missing, malformed, unknown, expired or revoked, without saying which. */
export const authenticate = async (
  headers: IncomingHttpHeaders,
  { keyCache, sessionCache }: { keyCache: KeyCache; sessionCache: SessionCache },
  beforeLookUp: () => void = () => undefined,
): Promise<Holder> => {
  const credential = credentialOf(headers)
  const holder =
    credential === undefined
      ? undefined
      : isSessionToken(credential)
        ? await sessionCache.find(credential)
        : await keyCache.find(credential, beforeLookUp)
  if (!holder) throw missing()
  return holder
}
