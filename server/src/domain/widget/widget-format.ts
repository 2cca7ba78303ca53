import { createHmac, createSecretKey } from 'node:crypto'
import { createCheckedText } from '../api-keys/index.ts'

/** Makes and recognises what pages and visitors carry: widget keys (`ply_widget_…`) and conversation secrets (`cvs_…`). */
export type WidgetFormat = {
  createKey(): string
  isKey(text: string): boolean
  createSecret(): string
  isSecret(text: string): boolean
  /** What is stored of a secret: HMAC-SHA-256 under the pepper. */
  hashSecret(secret: string): Buffer
  pepperVersion: number
}

export const createWidgetFormat = ({ brand, pepper }: { brand: string; pepper: Buffer }): WidgetFormat => {
  const pepperKey = createSecretKey(pepper)
  const keys = createCheckedText(`${brand}_widget_`)
  const secrets = createCheckedText('cvs_')
  return {
    createKey: keys.create,
    isKey: keys.isWellFormed,
    createSecret: secrets.create,
    isSecret: secrets.isWellFormed,
    hashSecret: (secret) => createHmac('sha256', pepperKey).update(secret).digest(),
    pepperVersion: 1,
  }
}
