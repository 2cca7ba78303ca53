import type { SecretBox } from '../../base/secret-box.ts'
import { type SigningKeys, signingKeys } from '../../base/signature.ts'

/** What the secret of a webhook is sealed for. */
export const secretOwner = (webhookId: string): string => `webhook:${webhookId}`

/** Opens a sealed secret. Throws SecretBoxError. */
export const openWebhookKeys = (box: SecretBox, webhookId: string, sealed: Uint8Array): SigningKeys =>
  signingKeys(box.open(sealed, secretOwner(webhookId)).toString())

/** One secret of a webhook as it is stored. */
export type StoredSecret = { version: number; sealed: Buffer; state: 'current' | 'previous' }

/**
 * What a delivery is signed with. `standard`: every secret that still signs, the current one first, for receivers compare
 * with each. `legacy`: the one secret of the header that can hold only one signature; `others` are those that a receiver who
 * refuses it may know instead, newest first.
 */
export type DeliveryKeys = {
  standard: SigningKeys[]
  legacy: SigningKeys
  others: { version: number; keys: SigningKeys }[]
}

/** Orders the secrets of a webhook. Throws when there is no current one. */
export const deliveryKeys = (
  secrets: readonly StoredSecret[],
  legacyVersion: number | null,
  open: (secret: StoredSecret) => SigningKeys,
): DeliveryKeys => {
  const newestFirst = [...secrets].sort((a, b) => b.version - a.version)
  const current = newestFirst.find(({ state }) => state === 'current')
  if (!current) throw new Error('The webhook has no current secret.')
  const legacy = newestFirst.find(({ version }) => version === legacyVersion) ?? current
  return {
    standard: newestFirst.map(open),
    legacy: open(legacy),
    others: newestFirst
      .filter((secret) => secret !== legacy)
      .map((secret) => ({ version: secret.version, keys: open(secret) })),
  }
}

const maxKept = 10_000

/** Opens each version of a webhook's secret once: making the keys costs more than a signature. */
export const createWebhookKeys = (box: SecretBox) => {
  const kept = new Map<string, SigningKeys>()
  return (webhookId: string, { version, sealed }: StoredSecret): SigningKeys => {
    const name = `${webhookId} ${version}`
    const known = kept.get(name)
    if (known) return known
    const keys = openWebhookKeys(box, webhookId, sealed)
    if (kept.size >= maxKept) kept.clear()
    kept.set(name, keys)
    return keys
  }
}
