import type { Endpoint } from '../src/http/endpoint.ts'
import { objects } from './endpoint-fixtures.ts'
import type { Tenant } from './tenant.ts'

/** The kinds of object that the ids in an endpoint's path name, from left to right. */
export const segmentsOf = ({ path }: Endpoint): string[] =>
  [...path.matchAll(/\/([^/{}]+)\/\{\w+\}/g)].map(([, segment]) => segment!)

export const pathWith = (endpoint: Endpoint, ids: string[]): string => {
  let at = 0
  return endpoint.path.replace(/\{\w+\}/g, () => ids[at++]!)
}

// A visitor has one conversation, which is not one that the company opens.
export const makerOf = ({ access }: Endpoint, segment: string) =>
  objects[access === 'conversation_secret' && segment === 'conversations' ? 'visits' : segment]

/** Makes a real object of the tenant for each id in the path. */
export const makeIds = async (endpoint: Endpoint, tenant: Tenant): Promise<string[]> => {
  const parents: Record<string, string> = {}
  for (const segment of segmentsOf(endpoint)) parents[segment] = await makerOf(endpoint, segment)!(tenant, parents)
  return segmentsOf(endpoint).map((segment) => parents[segment]!)
}
