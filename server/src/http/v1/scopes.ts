import { z } from 'zod'
import { abilities, abilityNames, scopeDescriptions } from '../../domain/scope-catalog.ts'
import { scopes } from '../../domain/scopes.ts'
import { defineEndpoint, ok } from '../endpoint.ts'

const ScopeCatalog = z
  .object({
    scopes: z.array(z.object({ name: z.string(), description: z.string() })),
    abilities: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        scopes: z.array(z.string()).meta({ description: 'What a key gets that is minted with this ability.' }),
      }),
    ),
  })
  .meta({ id: 'ScopeCatalog' })

export const scopeEndpoints = [
  defineEndpoint({
    id: 'scopes_list',
    method: 'GET',
    path: '/v1/scopes',
    access: 'public',
    tag: 'API keys',
    summary: 'List what keys can be allowed to do',
    description: 'Every scope, and the abilities: names for scopes that belong together. `x:write` implies `x:read`.',
    responses: { 200: ScopeCatalog },
    handler: async () =>
      ok({
        scopes: scopes.map((name) => ({ name, description: scopeDescriptions[name] })),
        abilities: abilityNames.map((name) => ({ name, ...abilities[name] })),
      }),
  }),
]
