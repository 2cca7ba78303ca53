import { z } from 'zod'
import { normalNetwork } from '../../base/networks.ts'
import { abilityNames } from '../scope-catalog.ts'
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

const requestsPerMinute = z.number().int().min(1).max(1_000_000).meta({
  description:
    'What this key alone may send a minute, below what the workspace may. Null: nothing of its own. A key that has one cannot mint a key with more; left out, it is that of the key that mints.',
})

const network = z
  .string()
  .max(64)
  .transform((text, issue): string => {
    const normal = normalNetwork(text)
    if (normal !== undefined) return normal
    issue.addIssue({ code: 'custom', message: 'must be an IP address, or a network such as 203.0.113.0/24' })
    return z.NEVER
  })

const allowedAddresses = z
  .array(network)
  .max(50)
  .transform((list) => [...new Set(list)])
  .meta({
    description:
      'The IP addresses and networks, of version 4 or 6, that the key may be used from. An empty list: from everywhere. A key that is bound to some cannot mint a key for others; left out, they are those of the key that mints.',
    examples: [['203.0.113.7', '2001:db8:1::/48']],
  })

const keyName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ examples: ['Production app'] })

const abilityList = z
  .array(z.enum(abilityNames))
  .min(1)
  .max(abilityNames.length)
  .meta({
    description:
      'Names for scopes that belong together, instead of or beside `scopes`; `GET /v1/scopes` lists them. The key gets the scopes that they stand for now.',
    examples: [['contacts', 'conversations']],
  })

export const CreateApiKey = z.strictObject({
  name: keyName,
  scopes: scopeList.optional(),
  abilities: abilityList.optional(),
  allowed_addresses: allowedAddresses.optional(),
  expires_at: timeInput.nullish(),
  requests_per_minute: requestsPerMinute.nullish(),
})

export const UpdateApiKey = z.strictObject({
  name: keyName.optional(),
  allowed_addresses: allowedAddresses.optional(),
  expires_at: timeInput.nullish().meta({ description: 'The new end, in the future; null: the key never expires.' }),
  requests_per_minute: requestsPerMinute.nullish(),
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
    allowed_addresses: z
      .array(z.string())
      .meta({ description: 'Where the key may be used from; empty: from everywhere.', examples: [['203.0.113.0/24']] }),
    status: z.enum(['active', 'expired', 'revoked', 'rotating']),
    requests_per_minute: requestsPerMinute.nullable(),
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
    usage: z.number().int().min(0).meta({ description: 'Calls with this key this month.' }),
    limit: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'Calls allowed a month; null means no limit, as in every sandbox.' }),
  })
  .meta({ id: 'ApiKeyValidity' })

export const ApiKeyEventData = z.object({
  id: idOutput('apiKey'),
  name: z.string(),
  scopes: z.array(z.string()),
  actor: z.string(),
})

export const ApiKeyUpdatedData = ApiKeyEventData.extend({
  changed: z.array(z.string()).meta({ description: 'The names of the fields that are not as they were.' }),
})

export const ApiKeyExpiringData = ApiKeyEventData.omit({ actor: true }).extend({
  expires_at: timeOutput,
  days_left: z.number().int().meta({ description: 'Whole days until then, rounded up.' }),
})
