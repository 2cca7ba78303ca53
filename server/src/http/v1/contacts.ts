import { z } from 'zod'
import {
  Contact,
  CreateContact,
  createContact,
  deleteContact,
  getContact,
  listContacts,
  presentContact,
  UpdateContact,
  updateContact,
} from '../../domain/contacts/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('contact') })

export const contactEndpoints = [
  defineEndpoint({
    id: 'contacts_list',
    method: 'GET',
    path: '/v1/contacts',
    access: 'contacts:read',
    tag: 'Contacts',
    summary: 'List contacts, newest first',
    query: z.strictObject({
      ...pageQuery,
      search: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Words that begin a word of name, e-mail or company; all must match.' }),
      tag: z.string().max(64).optional().meta({ description: 'Only contacts with this tag.' }),
    }),
    responses: { 200: listOf(Contact) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('contact', await listContacts(ctx, query, pageOf('contact', query)), presentContact)),
  }),
  defineEndpoint({
    id: 'contacts_create',
    method: 'POST',
    path: '/v1/contacts',
    access: 'contacts:write',
    tag: 'Contacts',
    summary: 'Create a contact',
    body: CreateContact,
    responses: { 201: Contact },
    errors: [409],
    handler: async ({ ctx, body }) => created(presentContact(await createContact(ctx, body))),
  }),
  defineEndpoint({
    id: 'contacts_get',
    method: 'GET',
    path: '/v1/contacts/{id}',
    access: 'contacts:read',
    tag: 'Contacts',
    summary: 'Read a contact',
    params,
    responses: { 200: Contact },
    handler: async ({ ctx, params: { id } }) => ok(presentContact(await getContact(ctx, id))),
  }),
  defineEndpoint({
    id: 'contacts_update',
    method: 'PATCH',
    path: '/v1/contacts/{id}',
    access: 'contacts:write',
    tag: 'Contacts',
    summary: 'Change a contact',
    description:
      'Fields that are absent stay as they are; `null` empties one; `metadata` and `tags` are replaced whole.',
    params,
    body: UpdateContact,
    responses: { 200: Contact },
    errors: [409],
    handler: async ({ ctx, params: { id }, body }) => ok(presentContact(await updateContact(ctx, id, body))),
  }),
  defineEndpoint({
    id: 'contacts_delete',
    method: 'DELETE',
    path: '/v1/contacts/{id}',
    access: 'contacts:write',
    tag: 'Contacts',
    summary: 'Delete a contact',
    description: 'Conversations with the contact stay, without the person.',
    params,
    responses: { 204: null },
    handler: async ({ ctx, params: { id } }) => {
      await deleteContact(ctx, id)
      return noContent()
    },
  }),
]
