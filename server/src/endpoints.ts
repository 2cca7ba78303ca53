import type { Endpoint } from './http/endpoint.ts'
import { apiKeyEndpoints } from './http/v1/api-keys.ts'
import { contactEndpoints } from './http/v1/contacts.ts'
import { healthEndpoints } from './http/v1/health.ts'
import { openApiEndpoint } from './http/v1/openapi-document.ts'

/** Version of this server and of its API document. */
export const version = '0.1.0'

const documented: readonly Endpoint[] = [...healthEndpoints, ...apiKeyEndpoints, ...contactEndpoints]

/** The one list of every HTTP endpoint. */
export const endpoints: readonly Endpoint[] = [...documented, openApiEndpoint(documented, version)]
