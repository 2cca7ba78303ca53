import { notFound } from '../base/errors.ts'
import type { Endpoint } from './endpoint.ts'

// `/v1/knowledge-sources/{id}` speaks of a knowledge source.
const nounOf = (path: string, param: string): string =>
  (path.split(`/{${param}}`)[0]!.split('/').at(-1) ?? '').replaceAll('-', ' ').replace(/ies$/, 'y').replace(/s$/, '')

/** An id that cannot be one names nothing: NOT_FOUND, not BAD_REQUEST. */
export const parseParams = (endpoint: Endpoint, params: unknown): unknown => {
  if (!endpoint.params) return undefined
  const parsed = endpoint.params.safeParse(params)
  if (parsed.success) return parsed.data
  const param = String(parsed.error.issues[0]?.path[0])
  throw notFound(nounOf(endpoint.path, param), String((params as Record<string, unknown>)[param] ?? ''))
}
