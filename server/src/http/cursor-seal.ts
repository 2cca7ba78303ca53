import { createHmac, timingSafeEqual } from 'node:crypto'

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
