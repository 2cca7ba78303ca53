import { z } from 'zod'
import { defineEndpoint, type Endpoint, ok } from '../endpoint.ts'
import { buildOpenApi } from '../openapi.ts'

/** Serves the document of the given endpoints; it is built once, when the server is. */
export const openApiEndpoint = (endpoints: readonly Endpoint[], version: string): Endpoint => {
  const document = buildOpenApi(endpoints, version)
  return defineEndpoint({
    id: 'openapi_get',
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    tag: 'Documentation',
    summary: 'This API as an OpenAPI document',
    responses: { 200: z.record(z.string(), z.unknown()) },
    handler: async () => ok(document),
  })
}
