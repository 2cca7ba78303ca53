import { sql } from 'kysely'
import type { z } from 'zod'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { isUniqueViolation } from '../../database/connection.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import type { UpdateContact } from './contract.ts'
import { externalIdTaken } from './create-contact.ts'
import { contactUpdated } from './events.ts'
import { type ContactRow, presentContact } from './present.ts'
import { termsOf } from './search-terms.ts'

type Changes = z.output<typeof UpdateContact>

const applyChanges = (row: ContactRow, { metadata, tags, ...rest }: Changes, now: Date): ContactRow => ({
  ...row,
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  ...(tags ? { tags: [...new Set(tags)] } : {}),
  ...(metadata ? { metadata: JSON.stringify(metadata) } : {}),
  updated_at: now,
})

const replaceTerms = async (tx: Db, row: ContactRow): Promise<void> => {
  await tx
    .deleteFrom('contact_terms')
    .where('workspace_id', '=', row.workspace_id)
    .where('contact_id', '=', row.id)
    .execute()
  await sql`insert into contact_terms (workspace_id, term, contact_id)
    select ${row.workspace_id}, term, ${row.id} from unnest(${termsOf(row)}::text[]) as term`.execute(tx)
}

/** Changes the named fields only. */
export const updateContact = async (ctx: Ctx, id: string, input: Changes): Promise<ContactRow> => {
  requireScope(ctx, 'contacts:write')
  return transaction(ctx.db, async (tx) => {
    const old = await tx
      .selectFrom('contacts')
      .selectAll()
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!old) throw notFound('contact', toWireId('contact', id))
    const row = applyChanges(old, input, ctx.clock.now())
    await tx
      .updateTable('contacts')
      .set(row)
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
      .catch((error) => {
        throw isUniqueViolation(error) ? externalIdTaken() : error
      })
    await replaceTerms(tx, row)
    await recordEvent(ctx, tx, contactUpdated, { subject: { type: 'contact', id }, data: presentContact(row) })
    return row
  })
}
