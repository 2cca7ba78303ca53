import type { Ctx } from '../context.ts'
import { tagTerm, wordsOf } from './search-terms.ts'

export type ContactFilter = { search?: string | undefined; tag?: string | undefined }

const maxSearchWords = 8
// Sorts after every letter that can follow a prefix.
const afterAll = '\u{10ffff}'

/**
 * The contacts of the workspace that fit the filter, as a query; undefined when the search has no word to look for. What is
 * empty, such as a field of a form, filters nothing.
 */
export const matchingContacts = (ctx: Ctx, { search, tag }: ContactFilter) => {
  let query = ctx.db.selectFrom('contacts as c').where('c.workspace_id', '=', ctx.workspaceId)
  const known = ctx.db.selectFrom('contact_terms').select('contact_id').where('workspace_id', '=', ctx.workspaceId)
  if (tag) query = query.where('c.id', 'in', known.where('term', '=', tagTerm(tag)))
  const words = search?.trim() ? wordsOf(search).slice(0, maxSearchWords) : undefined
  if (words?.length === 0) return undefined
  for (const word of words ?? [])
    query = query.where('c.id', 'in', known.where('term', '>=', word).where('term', '<', word + afterAll))
  return query
}
