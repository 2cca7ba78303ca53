import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

/** The two keys of one webhook secret. Keep it beside the endpoint: making it costs more than a signature. */
export type SigningKeys = {
  /** HMAC key of `X-Parley-Signature`: the secret as shown, in UTF-8. */
  readonly legacy: KeyObject
  /** HMAC key of `webhook-signature` (Standard Webhooks): the bytes that the secret's tail spells in base64. */
  readonly standard: KeyObject
}

const secretPattern = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/

/** A new webhook secret: `whsec_` and 40 base64 characters (240 random bits). */
export const createWebhookSecret = (): string => `whsec_${randomBytes(30).toString('base64')}`

/** Reads a secret as shown to the customer. Throws TypeError when it is not `whsec_` and base64. */
export const signingKeys = (secret: string): SigningKeys => {
  const tail = secretPattern.exec(secret)?.[1]
  if (!tail) throw new TypeError('A webhook secret is whsec_ followed by base64.')
  return { legacy: createSecretKey(secret, 'utf8'), standard: createSecretKey(tail, 'base64') }
}

/** `sha256=<hex>` over the raw body. */
export const signLegacy = (keys: SigningKeys, body: Buffer | string): string =>
  `sha256=${createHmac('sha256', keys.legacy).update(body).digest('hex')}`

/** `v1,<base64>` over id, timestamp (whole seconds since 1970) and raw body. */
export const signStandard = (keys: SigningKeys, id: string, timestamp: number, body: Buffer | string): string =>
  `v1,${createHmac('sha256', keys.standard).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
