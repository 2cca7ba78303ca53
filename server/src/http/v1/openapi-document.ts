import { z } from 'zod'
import { defineEndpoint, type Endpoint, ok } from '../endpoint.ts'
import { buildOpenApi } from '../openapi.ts'

/** Serves the document of the given endpoints, at the root and under /v1; it is built once, when the server is. */
export const openApiEndpoints = (endpoints: readonly Endpoint[], version: string): Endpoint[] => {
  const document = buildOpenApi(endpoints, version)
  const atRoot = defineEndpoint({
    id: 'openapi_get',
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    tag: 'Documentation',
    summary: 'This API as an OpenAPI document',
    responses: { 200: z.record(z.string(), z.unknown()) },
    handler: async () => ok(document),
  })
  return [atRoot, { ...atRoot, id: 'openapi_get_v1', path: '/v1/openapi.json', sameAs: atRoot.id }]
}
