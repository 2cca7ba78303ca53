import { defineEvent } from '../events/index.ts'
import { Contact, ContactDeletedData } from './contract.ts'

export const contactCreated = defineEvent({
  type: 'contact.created',
  description: 'A contact was created.',
  data: Contact,
})
export const contactUpdated = defineEvent({
  type: 'contact.updated',
  description: 'A contact was changed; `data` is the contact as it is now.',
  data: Contact,
})
export const contactDeleted = defineEvent({
  type: 'contact.deleted',
  description: 'A contact was deleted.',
  data: ContactDeletedData,
})

export const contactEvents = [contactCreated, contactUpdated, contactDeleted]
