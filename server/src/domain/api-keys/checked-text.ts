import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Credentials of one prefix: 30 random base62 characters and 6 of checksum behind it. */
export type CheckedText = {
  create(): string
  /** Checks shape and checksum without any look-up. */
  isWellFormed(text: string): boolean
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 30
const checksumLength = 6

const randomText = (length: number): string => Array.from({ length }, () => base62[randomInt(62)]).join('')

const checksum = (text: string): string => {
  let left = crc32(text)
  let out = ''
  for (let i = 0; i < checksumLength; i++) {
    out = base62[left % 62]! + out
    left = Math.floor(left / 62)
  }
  return out
}

/** `prefix` holds letters, digits and underscores only. */
export const createCheckedText = (prefix: string): CheckedText => {
  const pattern = new RegExp(`^${prefix}[0-9A-Za-z]{${randomLength + checksumLength}}$`)
  return {
    create: () => {
      const body = prefix + randomText(randomLength)
      return body + checksum(body)
    },
    isWellFormed: (text) =>
      pattern.test(text) && checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength),
  }
}
