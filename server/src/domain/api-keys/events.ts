import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { ApiKeyEventData } from './contract.ts'

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

export const apiKeyEvents = [apiKeyCreated, apiKeyRevoked]
