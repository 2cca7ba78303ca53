import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import { idInput } from '../wire.ts'

/** Which session a token speaks for, from when and until when, in whole seconds. */
export type Claims = { userId: string; sessionId: string; workspaceId: string; issuedAt: Date; expiresAt: Date }

/** Makes and checks the JSON Web Tokens of sessions: HS256, and nothing else. Whether the session lives is another question. */
export type TokenFormat = {
  sign(claims: Claims): string
  /** Undefined for whatever is not, or no longer, a token of ours. */
  verify(token: string, now: Date): Claims | undefined
}

const issuer = 'parley'
const audience = 'parley:api'
const maxLength = 4_096
// Clocks of two processes may differ.
const skewSeconds = 60

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

// We issue every token that we accept, so its header is known to the letter: no algorithm is ever read from a stranger.
const header = `${encode({ alg: 'HS256', typ: 'JWT' })}.`

const Payload = z.object({
  iss: z.literal(issuer),
  aud: z.literal(audience),
  sub: idInput('user'),
  sid: idInput('session'),
  ws: idInput('workspace'),
  iat: z.int(),
  exp: z.int(),
})

const parse = (text: string): z.output<typeof Payload> | undefined => {
  try {
    return Payload.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000)

/** Whether a credential is to be read as a token rather than as an API key. */
export const isSessionToken = (credential: string): boolean => credential.startsWith('eyJ')

export const createTokenFormat = (secret: Buffer): TokenFormat => {
  const key = createSecretKey(secret)
  const signatureOf = (signed: string): string => createHmac('sha256', key).update(signed).digest('base64url')
  // Compared as text: a signature has one spelling.
  const isSigned = (signed: string, signature: string): boolean => {
    const given = Buffer.from(signature)
    const right = Buffer.from(signatureOf(signed))
    return given.length === right.length && timingSafeEqual(given, right)
  }

  return {
    sign: ({ userId, sessionId, workspaceId, issuedAt, expiresAt }) => {
      const payload = {
        iss: issuer,
        aud: audience,
        sub: toWireId('user', userId),
        sid: toWireId('session', sessionId),
        ws: toWireId('workspace', workspaceId),
        iat: seconds(issuedAt),
        exp: seconds(expiresAt),
      }
      const signed = header + encode(payload)
      return `${signed}.${signatureOf(signed)}`
    },
    verify: (token, now) => {
      if (token.length > maxLength || !token.startsWith(header)) return undefined
      const dot = token.lastIndexOf('.')
      const signed = token.slice(0, dot)
      if (dot < header.length || !isSigned(signed, token.slice(dot + 1))) return undefined
      const claims = parse(Buffer.from(signed.slice(header.length), 'base64url').toString())
      if (!claims || claims.exp * 1_000 <= now.getTime() || claims.iat > seconds(now) + skewSeconds) return undefined
      return {
        userId: claims.sub,
        sessionId: claims.sid,
        workspaceId: claims.ws,
        issuedAt: new Date(claims.iat * 1_000),
        expiresAt: new Date(claims.exp * 1_000),
      }
    },
  }
}
