import type { Endpoint } from '../endpoint.ts'

/** The endpoint at every path where it answers: `/api/v1/*` is another door to `/v1/*`. */
export const atEveryPath = (endpoint: Endpoint): Endpoint[] =>
  endpoint.path.startsWith('/v1/') ? [endpoint, { ...endpoint, path: `/api${endpoint.path}` }] : [endpoint]
