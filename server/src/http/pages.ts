import { AppError } from '../base/errors.ts'
import { fromWireId, type IdKind, toWireId } from '../base/ids.ts'
import type { Page, PageInput } from '../domain/wire.ts'

const defaultLimit = 20

type PageQuery = { limit?: number | undefined; cursor?: string | undefined }

// A cursor names the list it belongs to, so that one from another list is refused instead of misread.
const encode = (kind: IdKind, id: string): string => Buffer.from(`1:${toWireId(kind, id)}`).toString('base64url')

const decode = (kind: IdKind, cursor: string): string => {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const id = text.startsWith('1:') ? fromWireId(kind, text.slice(2)) : undefined
  if (id === undefined)
    throw new AppError('BAD_REQUEST', "'cursor' is not one that this list gave out.", { param: 'cursor' })
  return id
}

/** Reads `limit` and `cursor` of a list whose order is the order of its ids. */
export const pageOf = (kind: IdKind, query: PageQuery): PageInput => ({
  limit: query.limit ?? defaultLimit,
  after: query.cursor === undefined ? null : decode(kind, query.cursor),
})

/** The list envelope: `{ data, has_more, next_cursor }`. */
export const presentPage = <Row extends { id: string }, Wire>(
  kind: IdKind,
  page: Page<Row>,
  present: (row: Row) => Wire,
) => ({
  data: page.rows.map(present),
  has_more: page.hasMore,
  next_cursor: page.hasMore ? encode(kind, page.rows.at(-1)!.id) : null,
})
