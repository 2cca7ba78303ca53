import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { createCheckedText } from './checked-text.ts'

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

export const createKeyFormat = ({ brand, pepper }: { brand: string; pepper: Buffer }): KeyFormat => {
  const pepperKey: KeyObject = createSecretKey(pepper)
  const live = createCheckedText(`${brand}_live_`)
  const test = createCheckedText(`${brand}_test_`)
  return {
    create: (mode) => (mode === 'live' ? live : test).create(),
    isWellFormed: (key) => live.isWellFormed(key) || test.isWellFormed(key),
    hash: (key) => createHmac('sha256', pepperKey).update(key).digest(),
    display: (key) => `${key.slice(0, brand.length + 10)}…`,
    pepperVersion: 1,
  }
}
