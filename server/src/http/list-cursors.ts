import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { type Endpoint, isStream, type Reply } from './endpoint.ts'

/** Seals what a list says of its next page, so that only the list that gave a cursor out takes it back. */
export type CursorSeal = {
  /** The same for the same cursor of the same list. */
  seal(cursor: string, list: string): string
  /** The cursor as it was; undefined when it was changed or another list gave it out. */
  open(sealed: string, list: string): string | undefined
}

// 96 bits: nobody guesses them within the rate limits, and a cursor gives away no more than a place in one's own list.
const sealBytes = 12

/** `key` is 32 bytes, the same in all processes of an installation. */
export const createCursorSeal = (key: Buffer): CursorSeal => {
  const sealOf = (cursor: string, list: string): Buffer =>
    createHmac('sha256', key).update(`${list}\n${cursor}`).digest().subarray(0, sealBytes)
  return {
    seal: (cursor, list) => `${cursor}.${sealOf(cursor, list).toString('base64url')}`,
    open: (sealed, list) => {
      const dot = sealed.lastIndexOf('.')
      const cursor = sealed.slice(0, Math.max(0, dot))
      const given = Buffer.from(sealed.slice(dot + 1), 'base64url')
      return given.length === sealBytes && timingSafeEqual(given, sealOf(cursor, list)) ? cursor : undefined
    },
  }
}

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
