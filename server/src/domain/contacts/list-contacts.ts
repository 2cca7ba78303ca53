import { type Ctx, requireScope } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import type { ContactRow } from './present.ts'
import { tagTerm, wordsOf } from './search-terms.ts'

export type ContactFilter = { search?: string | undefined; tag?: string | undefined }

const maxSearchWords = 8
// Sorts after every letter that can follow a prefix.
const afterAll = '\u{10ffff}'

/** Contacts, newest first. `search` wants every word of it to begin a word of name, e-mail or company. */
export const listContacts = async (ctx: Ctx, filter: ContactFilter, page: PageInput): Promise<Page<ContactRow>> => {
  requireScope(ctx, 'contacts:read')
  let query = ctx.db.selectFrom('contacts as c').selectAll('c').where('c.workspace_id', '=', ctx.workspaceId)
  if (page.after) query = query.where('c.id', '<', page.after)
  const { search, tag } = filter
  if (tag !== undefined)
    query = query.where((eb) =>
      eb(
        'c.id',
        'in',
        eb
          .selectFrom('contact_terms')
          .select('contact_id')
          .where('workspace_id', '=', ctx.workspaceId)
          .where('term', '=', tagTerm(tag)),
      ),
    )
  const words = search === undefined ? undefined : wordsOf(search).slice(0, maxSearchWords)
  if (words?.length === 0) return { rows: [], hasMore: false }
  for (const word of words ?? [])
    query = query.where((eb) =>
      eb(
        'c.id',
        'in',
        eb
          .selectFrom('contact_terms')
          .select('contact_id')
          .where('workspace_id', '=', ctx.workspaceId)
          .where('term', '>=', word)
          .where('term', '<', word + afterAll),
      ),
    )
  const rows = await query
    .orderBy('c.id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
