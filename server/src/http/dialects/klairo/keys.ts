import { z } from 'zod'
import { ApiKeyValidity, validateKey } from '../../../domain/api-keys/index.ts'
import { defineEndpoint, ok } from '../../endpoint.ts'

const KeyValidity = ApiKeyValidity.pick({
  valid: true,
  user_id: true,
  email: true,
  plan: true,
  key_name: true,
  usage: true,
  limit: true,
}).meta({ id: 'KlairoKeyValidity' })

export const klairoKeyEndpoints = [
  defineEndpoint({
    id: 'klairo_validate_key',
    method: 'GET',
    path: '/api/keys',
    access: 'any_key',
    tag: 'Klairo',
    summary: 'Check the key that makes this request',
    query: z.strictObject({
      action: z.literal('validate').optional().meta({ description: 'The one action there is.' }),
    }),
    responses: { 200: KeyValidity },
    handler: async ({ ctx, deps }) => {
      await deps.keyCache.flush()
      return ok(KeyValidity.parse(await validateKey(ctx, { system: deps.database.system })))
    },
  }),
]
