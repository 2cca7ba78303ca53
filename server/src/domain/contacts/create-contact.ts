import { sql } from 'kysely'
import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { isUniqueViolation } from '../../database/connection.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import type { CreateContact } from './contract.ts'
import { contactCreated } from './events.ts'
import { type ContactRow, presentContact } from './present.ts'
import { termsOf } from './search-terms.ts'

// One statement for the contact and what it is found by: a second round trip would cost more than both inserts.
const insertContact = async (tx: Db, row: ContactRow): Promise<void> => {
  await sql`with made as (
      insert into contacts (workspace_id, id, name, email, phone, company, external_id, tags, metadata, created_at, updated_at)
      values (${row.workspace_id}, ${row.id}, ${row.name}, ${row.email}, ${row.phone}, ${row.company}, ${row.external_id},
        ${row.tags}, ${row.metadata}, ${row.created_at}, ${row.updated_at})
    )
    insert into contact_terms (workspace_id, term, contact_id)
    select ${row.workspace_id}, term, ${row.id} from unnest(${termsOf(row)}::text[]) as term`.execute(tx)
}

/** The external id is taken by another contact of this workspace. */
export const externalIdTaken = () =>
  new AppError('CONFLICT', 'Another contact of this workspace already has this external_id.', { param: 'external_id' })

export const createContact = async (ctx: Ctx, input: z.output<typeof CreateContact>): Promise<ContactRow> => {
  requireScope(ctx, 'contacts:write')
  const now = ctx.clock.now()
  const row: ContactRow = {
    workspace_id: ctx.workspaceId,
    id: newId(),
    name: input.name ?? null,
    email: input.email ?? null,
    phone: input.phone ?? null,
    company: input.company ?? null,
    external_id: input.external_id ?? null,
    tags: [...new Set(input.tags ?? [])],
    metadata: JSON.stringify(input.metadata ?? {}),
    created_at: now,
    updated_at: now,
  }
  return transaction(ctx.db, async (tx) => {
    await insertContact(tx, row).catch((error) => {
      throw isUniqueViolation(error) ? externalIdTaken() : error
    })
    await recordEvent(ctx, tx, contactCreated, { subject: { type: 'contact', id: row.id }, data: presentContact(row) })
    return row
  })
}
