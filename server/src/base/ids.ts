import { randomFillSync } from 'node:crypto'

/** Wire prefix of every kind of id: `cnt_01h…` is the contact whose UUID holds the same 128 bits. */
export const idPrefixes = {
  workspace: 'ws',
  user: 'usr',
  session: 'ses',
  invite: 'inv',
  apiKey: 'key',
  widgetKey: 'wk',
  contact: 'cnt',
  conversation: 'conv',
  message: 'msg',
  agent: 'agt',
  agentVersion: 'agv',
  knowledgeSource: 'ks',
  knowledgeDocument: 'doc',
  chunk: 'chk',
  event: 'evt',
  webhook: 'wh',
  delivery: 'dlv',
  backfill: 'bf',
  automation: 'auto',
  run: 'run',
  notification: 'ntf',
  auditLog: 'aud',
  requestLog: 'rlog',
} as const

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const digitOf = new Int8Array(128).fill(-1)
for (let i = 0; i < 32; i++) {
  digitOf[alphabet.charCodeAt(i)] = i
  digitOf[alphabet.toUpperCase().charCodeAt(i)] = i
}
const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

// The only state outside the composition root: ids made within one millisecond must still sort in the order they were
// made, because events of one transaction are sequenced by id.
const bytesPerId = 10
const pool = new Uint8Array(bytesPerId * 512)
let poolAt = pool.length
let lastMs = 0
let counter = 0

/** A new UUIDv7, strictly greater than every earlier one of this process. `at` is milliseconds since 1970. */
export const newId = (at: number = Date.now()): string => {
  if (poolAt >= pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  const r = pool.subarray(poolAt, poolAt + bytesPerId)
  poolAt += bytesPerId
  if (at > lastMs || counter === 0xfff) {
    lastMs = Math.max(at, lastMs + 1)
    // Somewhere in the lower half: two processes rarely begin alike, and there is room to count.
    counter = ((r[8]! << 8) | r[9]!) & 0x7ff
  } else counter++
  const time = lastMs.toString(16).padStart(12, '0')
  const pair = (i: number) => hexPairs[r[i]!]!
  const variant = hexPairs[0x80 | (r[0]! & 0x3f)]!
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${pair(1)}-${pair(2)}${pair(3)}${pair(4)}${pair(5)}${pair(6)}${pair(7)}`
}

// Callers send ids of any version: what they hold beyond the year 9999 could not be written as a time.
const lastMsOf9999 = 253_402_300_799_999

/** When a UUIDv7 was made; of another UUID, some time that no row has. Partitioned tables find their day by it. */
export const timeOfId = (uuid: string): Date =>
  new Date(Math.min(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16), lastMsOf9999))

const nibble = (code: number): number => (code < 58 ? code - 48 : (code | 32) - 87)

// Every row of every list passes here: reading the digits in place costs a third of a copy without dashes.
const bytesOf = (uuid: string): Uint8Array => {
  const bytes = new Uint8Array(16)
  for (let at = 0, i = 0; i < 16; i++) {
    if (uuid.charCodeAt(at) === 45) at++
    bytes[i] = (nibble(uuid.charCodeAt(at)) << 4) | nibble(uuid.charCodeAt(at + 1))
    at += 2
  }
  return bytes
}

const uuidOf = (b: Uint8Array): string => {
  let hex = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) hex += '-'
    hex += hexPairs[b[i]!]
  }
  return hex
}

/** The UUID as its wire form: prefix, underscore, 26 characters of lower-case Crockford base32. */
export const toWireId = (kind: IdKind, uuid: string): string => {
  const b = bytesOf(uuid)
  let text = alphabet[b[0]! >> 5]! + alphabet[b[0]! & 31]!
  let bits = 0
  let held = 0
  for (let i = 1; i < 16; i++) {
    held = (held << 8) | b[i]!
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(held >> bits) & 31]!
    }
    held &= (1 << bits) - 1
  }
  return `${idPrefixes[kind]}_${text}`
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const decodeBase32 = (text: string): string | undefined => {
  const b = new Uint8Array(16)
  let held = 0
  let bits = 0
  let at = 1
  for (let i = 0; i < 26; i++) {
    const code = text.charCodeAt(i)
    const digit = code < 128 ? digitOf[code]! : -1
    if (digit < 0) return undefined
    if (i === 0) {
      if (digit > 7) return undefined
      b[0] = digit << 5
    } else if (i === 1) {
      b[0] = b[0]! | digit
    } else {
      held = (held << 5) | digit
      bits += 5
      if (bits >= 8) {
        bits -= 8
        b[at++] = (held >> bits) & 255
        held &= (1 << bits) - 1
      }
    }
  }
  return uuidOf(b)
}

/** The UUID behind a wire id of this kind, or behind a plain UUID, in either case; undefined when it is neither. */
export const fromWireId = (kind: IdKind, text: string): string | undefined => {
  if (uuidPattern.test(text)) return text.toLowerCase()
  const prefix = idPrefixes[kind]
  if (text.length !== prefix.length + 27 || text[prefix.length] !== '_') return undefined
  if (text.slice(0, prefix.length).toLowerCase() !== prefix) return undefined
  return decodeBase32(text.slice(prefix.length + 1))
}
