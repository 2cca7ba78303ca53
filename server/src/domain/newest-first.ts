import { type SelectQueryBuilder, sql } from 'kysely'
import { type Page, type PageInput, toPage } from './wire.ts'

/** One page of what a query finds, the newest first: ids tell time. Where it joins tables, `id` says which column is meant. */
export const newestFirst = async <Tables, Selected extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Selected, Row>,
  { after, limit }: PageInput,
  id = 'id',
): Promise<Page<Row>> => {
  const column = sql.ref<string>(id)
  const rest = after ? query.where(column, '<', after) : query
  const rows = await rest
    .orderBy(column, 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit)
}
