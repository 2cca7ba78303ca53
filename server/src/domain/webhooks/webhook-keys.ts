import type { SecretBox } from '../../base/secret-box.ts'
import { type SigningKeys, signingKeys } from '../../base/signature.ts'

/** What the secret of a webhook is sealed for. */
export const secretOwner = (webhookId: string): string => `webhook:${webhookId}`

/** Opens a sealed secret. Throws SecretBoxError. */
export const openWebhookKeys = (box: SecretBox, webhookId: string, sealed: Uint8Array): SigningKeys =>
  signingKeys(box.open(sealed, secretOwner(webhookId)).toString())

const maxKept = 10_000

/** Opens each version of a webhook's secret once: making the keys costs more than a signature. */
export const createWebhookKeys = (box: SecretBox) => {
  const kept = new Map<string, SigningKeys>()
  return (webhookId: string, version: number, sealed: Uint8Array): SigningKeys => {
    const name = `${webhookId} ${version}`
    const known = kept.get(name)
    if (known) return known
    const keys = openWebhookKeys(box, webhookId, sealed)
    if (kept.size >= maxKept) kept.clear()
    kept.set(name, keys)
    return keys
  }
}
