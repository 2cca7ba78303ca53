import { createHmac, createSecretKey, type KeyObject, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Makes and recognises API keys: `ply_live_` or `ply_test_`, 30 random base62 characters, 6 of checksum. */
export type KeyFormat = {
  create(mode: 'live' | 'sandbox'): string
  /** Checks shape and checksum without any look-up. */
  isWellFormed(key: string): boolean
  /** What is stored: HMAC-SHA-256 under the pepper, so that a stolen database holds no usable key. */
  hash(key: string): Buffer
  /** What is shown in lists: enough to recognise a key, too little to use it. */
  display(key: string): string
  pepperVersion: number
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

export const createKeyFormat = ({ brand, pepper }: { brand: string; pepper: Buffer }): KeyFormat => {
  const pepperKey: KeyObject = createSecretKey(pepper)
  const pattern = new RegExp(`^${brand}_(live|test)_[0-9A-Za-z]{${randomLength + checksumLength}}$`)
  return {
    create: (mode) => {
      const body = `${brand}_${mode === 'live' ? 'live' : 'test'}_${randomText(randomLength)}`
      return body + checksum(body)
    },
    isWellFormed: (key) => pattern.test(key) && checksum(key.slice(0, -checksumLength)) === key.slice(-checksumLength),
    hash: (key) => createHmac('sha256', pepperKey).update(key).digest(),
    display: (key) => `${key.slice(0, brand.length + 10)}…`,
    pepperVersion: 1,
  }
}
