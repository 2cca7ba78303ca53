import { z } from 'zod'
import { scopes } from '../scopes.ts'
import { idOutput, timeInput, timeOutput } from '../wire.ts'

const scopeList = z
  .array(z.enum(scopes))
  .min(1, 'must name at least one scope')
  .max(scopes.length)
  .meta({
    description: 'What the key may do. `x:write` implies `x:read`. A key can never hold a scope that its minter lacks.',
    examples: [['contacts:write', 'chat:write']],
  })

export const CreateApiKey = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .meta({ examples: ['Production app'] }),
  scopes: scopeList,
  expires_at: timeInput.nullish(),
})

export const RotateApiKey = z.strictObject({
  grace_seconds: z
    .number()
    .int()
    .min(0)
    .max(604_800)
    .optional()
    .meta({ description: 'How long the old key keeps working. Default: 0, it dies at once.' }),
})

export const ApiKey = z
  .object({
    id: idOutput('apiKey'),
    name: z.string(),
    prefix: z
      .string()
      .meta({ description: 'The first characters of the key, to recognise it by.', examples: ['ply_live_4fX…'] }),
    mode: z.enum(['live', 'sandbox']),
    scopes: z.array(z.string()),
    status: z.enum(['active', 'expired', 'revoked', 'rotating']),
    expires_at: timeOutput.nullable(),
    revoked_at: timeOutput.nullable(),
    last_used_at: timeOutput.nullable(),
    replaced_by: idOutput('apiKey').nullable(),
    created_by: z.string(),
    created_at: timeOutput,
  })
  .meta({ id: 'ApiKey' })

export const NewApiKey = ApiKey.extend({
  key: z.string().meta({ description: 'The key itself. Shown this once, never again.' }),
}).meta({ id: 'NewApiKey' })

export const ApiKeyValidity = z
  .object({
    valid: z.literal(true),
    user_id: idOutput('user').nullable(),
    email: z.string().nullable(),
    plan: z.string(),
    key_id: idOutput('apiKey'),
    key_name: z.string(),
    workspace_id: idOutput('workspace'),
    mode: z.enum(['live', 'sandbox']),
    scopes: z.array(z.string()),
    expires_at: timeOutput.nullable(),
    usage: z.number().int().meta({ description: 'Calls with this key this month.' }),
    limit: z.number().int().nullable().meta({ description: 'Calls allowed a month; null means no limit.' }),
  })
  .meta({ id: 'ApiKeyValidity' })

export const ApiKeyEventData = z.object({
  id: idOutput('apiKey'),
  name: z.string(),
  scopes: z.array(z.string()),
  actor: z.string(),
})
