import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { Contact } from './contract.ts'

export type ContactRow = Selectable<Tables['contacts']>

export const presentContact = (row: ContactRow): z.infer<typeof Contact> => ({
  id: toWireId('contact', row.id),
  name: row.name,
  email: row.email,
  phone: row.phone,
  company: row.company,
  external_id: row.external_id,
  tags: row.tags,
  metadata: JSON.parse(row.metadata),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
