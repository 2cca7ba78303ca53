import { createHmac, timingSafeEqual } from 'node:crypto'

/** Time-based one-time passwords as RFC 6238 has them and authenticator apps expect them: SHA-1, six digits, 30 seconds. */

const stepSeconds = 30
const digits = 6
// A phone's clock, and the seconds it takes to type.
const drift = [0, -1, 1]
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 of RFC 4648 without padding. */
export const base32 = (bytes: Uint8Array): string => {
  let out = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[(held >> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits > 0 ? out + alphabet[(held << (5 - bits)) & 31] : out
}

export const stepAt = (now: Date): number => Math.floor(now.getTime() / 1_000 / stepSeconds)

/** The code of one step. `algorithm` and `length` differ from the usual in the tests of the RFC alone. */
export const codeOf = (secret: Uint8Array, step: number, { algorithm = 'sha1', length = digits } = {}): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(algorithm, secret).update(counter).digest()
  const number = mac.readUInt32BE(mac[mac.length - 1]! & 15) & 0x7fffffff
  return String(number % 10 ** length).padStart(length, '0')
}

/** The step whose code this is, now or a moment ago; undefined for a wrong code. */
export const stepOfCode = (secret: Uint8Array, code: string, now: Date): number | undefined => {
  const given = Buffer.from(code)
  if (given.length !== digits) return undefined
  return drift.map((by) => stepAt(now) + by).find((step) => timingSafeEqual(Buffer.from(codeOf(secret, step)), given))
}

/** What an authenticator app reads from a QR code. */
export const otpauthUrl = ({
  secret,
  email,
  issuer,
}: {
  secret: Uint8Array
  email: string
  issuer: string
}): string => {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(email)}`
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`
}
