import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { ApiKeyEventData, ApiKeyExpiringData, ApiKeyUpdatedData } from './contract.ts'

const key: z.input<typeof ApiKeyEventData> = {
  id: 'key_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Contact import',
  scopes: ['contacts:write'],
  actor: 'user:usr_01kah3r4zse0ztb0g2k2v2r4q1',
}

export const apiKeyCreated = defineEvent({
  type: 'api_key.created',
  description: 'An API key was minted. The key itself is never in an event.',
  data: ApiKeyEventData,
  example: key,
})
export const apiKeyRevoked = defineEvent({
  type: 'api_key.revoked',
  description: 'An API key was revoked, or replaced by rotation.',
  data: ApiKeyEventData,
  example: key,
})

export const apiKeyUpdated = defineEvent({
  type: 'api_key.updated',
  description: 'The name, the addresses, the end or the limit of an API key was changed; its scopes never are.',
  data: ApiKeyUpdatedData,
  example: { ...key, changed: ['allowed_addresses'] },
})
export const apiKeyExpiring = defineEvent({
  type: 'api_key.expiring',
  description:
    'An API key stops working in seven days, and once more in one. Not for keys that were revoked or replaced.',
  data: ApiKeyExpiringData,
  example: {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    expires_at: '2026-03-18T11:22:00.000Z',
    days_left: 7,
  },
})

export const apiKeyEvents = [apiKeyCreated, apiKeyUpdated, apiKeyExpiring, apiKeyRevoked]
