import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { type ContactFilter, matchingContacts } from './matching-contacts.ts'
import type { ContactRow } from './present.ts'

/**
 * Contacts, newest first. `search` wants every word of it to begin a word of name, e-mail or company. `offset` skips rows,
 * for callers that count pages: what is added meanwhile shifts them.
 */
export const listContacts = async (
  ctx: Ctx,
  filter: ContactFilter,
  page: PageInput & { offset?: number },
): Promise<Page<ContactRow>> => {
  requireScope(ctx, 'contacts:read')
  let query = matchingContacts(ctx, filter)?.selectAll('c')
  if (!query) return { rows: [], hasMore: false }
  if (page.offset) query = query.offset(page.offset)
  return newestFirst(query, page, 'c.id')
}
