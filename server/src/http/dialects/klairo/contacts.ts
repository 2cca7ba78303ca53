import { z } from 'zod'
import {
  Contact,
  type ContactRow,
  CreateContact,
  countContacts,
  createContact,
  listContacts,
  presentContact,
  UpdateContact,
  updateContact,
} from '../../../domain/contacts/index.ts'
import { idInput, integerQuery } from '../../../domain/wire.ts'
import { created, defineEndpoint, ok } from '../../endpoint.ts'

const tag = 'Klairo'
const defaultLimit = 20
const maxOffset = 1_000_000

const printed = { name: true, email: true, company: true, tags: true, metadata: true } as const

const KlairoContact = Contact.pick({ id: true, ...printed, created_at: true, updated_at: true }).meta({
  id: 'KlairoContact',
})

const present = (row: ContactRow): z.infer<typeof KlairoContact> => {
  const { phone, external_id, ...shown } = presentContact(row)
  return shown
}

export const klairoContactEndpoints = [
  defineEndpoint({
    id: 'klairo_list_contacts',
    method: 'GET',
    path: '/api/contacts',
    access: 'contacts:read',
    tag,
    summary: 'List contacts by offset, newest first',
    query: z.strictObject({
      search: z.string().max(200).optional().meta({ description: 'Words of name, e-mail or company.' }),
      tag: z.string().max(64).optional().meta({ description: 'Only contacts with this tag.' }),
      limit: integerQuery(1, 100).optional().meta({ description: 'Default: 20.', type: 'integer' }),
      offset: integerQuery(0, maxOffset).optional().meta({ description: 'Default: 0.', type: 'integer' }),
    }),
    responses: {
      200: z.object({
        data: z.array(KlairoContact),
        total: z.number().int().meta({ description: 'How many contacts fit, on all pages.' }),
        limit: z.number().int(),
        offset: z.number().int(),
      }),
    },
    handler: async ({ ctx, query: { limit = defaultLimit, offset = 0, ...filter } }) => {
      const { rows } = await listContacts(ctx, filter, { limit, offset, after: null })
      return ok({ data: rows.map(present), total: await countContacts(ctx, filter), limit, offset })
    },
  }),
  defineEndpoint({
    id: 'klairo_create_contact',
    method: 'POST',
    path: '/api/contacts',
    access: 'contacts:write',
    tag,
    summary: 'Create a contact',
    body: CreateContact.pick(printed),
    responses: { 201: KlairoContact },
    handler: async ({ ctx, body }) => created(present(await createContact(ctx, body))),
  }),
  defineEndpoint({
    id: 'klairo_update_contact',
    method: 'PATCH',
    path: '/api/contacts/{id}',
    access: 'contacts:write',
    tag,
    summary: 'Update a contact',
    description: 'Fields that are absent stay as they are; `null` empties one.',
    params: z.object({ id: idInput('contact') }),
    body: UpdateContact.pick(printed),
    responses: { 200: KlairoContact },
    handler: async ({ ctx, params: { id }, body }) => ok(present(await updateContact(ctx, id, body))),
  }),
]
