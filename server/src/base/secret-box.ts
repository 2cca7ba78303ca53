import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

/** One encryption key: `id` is 0 to 255 and stays with what the key sealed, `key` is 32 bytes. */
export type SecretBoxKey = { readonly id: number; readonly key: Uint8Array }

export type SecretBox = {
  /** Encrypts. `context` says what the secret belongs to (such as `webhook:<id>`); it must be the same when opening. */
  seal: (plaintext: string | Uint8Array, context: string) => Buffer
  /** Decrypts. Throws SecretBoxError. */
  open: (sealed: Uint8Array, context: string) => Buffer
  /** True when another key than the newest sealed it: seal the opened value again to finish a rotation. */
  isOutdated: (sealed: Uint8Array) => boolean
}

export type SecretBoxErrorCode = 'unknown_key' | 'cannot_open'

/** A sealed value that this box cannot open: its key is gone, or the value or its context was changed. */
export class SecretBoxError extends Error {
  readonly code: SecretBoxErrorCode
  constructor(code: SecretBoxErrorCode, message: string) {
    super(message)
    this.name = 'SecretBoxError'
    this.code = code
  }
}

const nonceBytes = 12
const tagBytes = 16
const nonceEnd = 1 + nonceBytes

/**
 * AES-256-GCM with a random nonce. The first key seals, all keys open.
 * A sealed value is key id (1 byte), nonce (12), ciphertext, tag (16). Throws TypeError on unusable keys.
 */
export const createSecretBox = (keys: readonly [SecretBoxKey, ...SecretBoxKey[]]): SecretBox => {
  const keyById = new Map<number, KeyObject>()
  for (const { id, key } of keys) {
    if (!Number.isInteger(id) || id < 0 || id > 255)
      throw new TypeError('The id of a secret key is a number from 0 to 255.')
    if (key.length !== 32) throw new TypeError(`Secret key ${id} must be 32 bytes long.`)
    if (keyById.has(id)) throw new TypeError(`Secret key ${id} is given twice.`)
    keyById.set(id, createSecretKey(key))
  }
  const newest = keys[0].id
  const newestKey = keyById.get(newest)!

  return {
    seal: (plaintext, context) => {
      const head = Buffer.concat([Buffer.of(newest), randomBytes(nonceBytes)])
      const cipher = createCipheriv('aes-256-gcm', newestKey, head.subarray(1)).setAAD(associated(newest, context))
      const body = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext)
      return Buffer.concat([head, body, cipher.final(), cipher.getAuthTag()])
    },
    open: (sealed, context) => {
      if (sealed.length < nonceEnd + tagBytes) throw cannotOpen()
      const id = sealed[0]!
      const key = keyById.get(id)
      if (!key) throw new SecretBoxError('unknown_key', `Secret key ${id} is not configured.`)
      const tagAt = sealed.length - tagBytes
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, nonceEnd), { authTagLength: tagBytes })
      decipher.setAAD(associated(id, context)).setAuthTag(sealed.subarray(tagAt))
      const body = decipher.update(sealed.subarray(nonceEnd, tagAt))
      try {
        return Buffer.concat([body, decipher.final()])
      } catch {
        throw cannotOpen()
      }
    },
    isOutdated: (sealed) => sealed[0] !== newest,
  }
}

const associated = (id: number, context: string): Buffer => Buffer.concat([Buffer.of(id), Buffer.from(context)])

const cannotOpen = (): SecretBoxError =>
  new SecretBoxError('cannot_open', 'The sealed value was changed, or belongs to something else.')
