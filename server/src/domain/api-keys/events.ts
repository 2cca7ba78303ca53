import { defineEvent } from '../events/index.ts'
import { ApiKeyEventData } from './contract.ts'

export const apiKeyCreated = defineEvent({
  type: 'api_key.created',
  description: 'An API key was minted. The key itself is never in an event.',
  data: ApiKeyEventData,
})
export const apiKeyRevoked = defineEvent({
  type: 'api_key.revoked',
  description: 'An API key was revoked, or replaced by rotation.',
  data: ApiKeyEventData,
})

export const apiKeyEvents = [apiKeyCreated, apiKeyRevoked]
