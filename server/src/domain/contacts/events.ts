import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { Contact, ContactDeletedData } from './contract.ts'

const contact: z.input<typeof Contact> = {
  id: 'cnt_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Alex Johnson',
  email: 'alex@acmecorp.com',
  phone: null,
  company: 'Acme Corp',
  external_id: null,
  tags: ['prospect'],
  metadata: { deal_value: 12000 },
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}

export const contactCreated = defineEvent({
  type: 'contact.created',
  aliases: ['customer.created'],
  description: 'A contact was created.',
  data: Contact,
  example: contact,
})
export const contactUpdated = defineEvent({
  type: 'contact.updated',
  aliases: ['customer.updated'],
  description: 'A contact was changed; `data` is the contact as it is now.',
  data: Contact,
  example: { ...contact, tags: ['client'], updated_at: '2026-03-12T08:30:00.000Z' },
})
export const contactDeleted = defineEvent({
  type: 'contact.deleted',
  aliases: ['customer.deleted'],
  description: 'A contact was deleted.',
  data: ContactDeletedData,
  example: { id: contact.id, deleted_at: '2026-03-11T11:22:00.000Z' },
})

export const contactEvents = [contactCreated, contactUpdated, contactDeleted]
