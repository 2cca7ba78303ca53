import { AppError } from '../base/errors.ts'
import type { CursorSeal } from './cursor-seal.ts'
import { type Endpoint, isStream, type Reply } from './endpoint.ts'

/** Tells lists apart: the same endpoint in another workspace, or of another object in its path, is another list. */
export const listName = (endpoint: Endpoint, workspaceId: string | undefined, params: unknown): string =>
  `${workspaceId ?? ''} ${endpoint.id} ${JSON.stringify(params ?? {})}`

/** The query with its cursor as the list wrote it. Throws BAD_REQUEST for a cursor that this list did not give out. */
export const openCursor = (
  seal: CursorSeal,
  list: () => string,
  query: Record<string, unknown>,
): Record<string, unknown> => {
  if (typeof query.cursor !== 'string') return query
  const cursor = seal.open(query.cursor, list())
  if (cursor === undefined)
    throw new AppError('BAD_REQUEST', "'cursor' is not one that this list gave out.", { param: 'cursor' })
  return { ...query, cursor }
}

/** The same answer, with its `next_cursor` sealed where it is a page with another behind it. */
export const sealCursor = (seal: CursorSeal, list: () => string, made: Reply): Reply => {
  if (isStream(made) || typeof made.body !== 'object' || made.body === null) return made
  const { next_cursor: next } = made.body as { next_cursor?: unknown }
  return typeof next === 'string' ? { ...made, body: { ...made.body, next_cursor: seal.seal(next, list()) } } : made
}
