import type { Owned, Stamped } from './columns.ts'

type ContactsTable = Owned &
  Stamped & {
    id: string
    name: string | null
    email: string | null
    phone: string | null
    company: string | null
    external_id: string | null
    tags: string[]
    metadata: string
  }

type ContactTermsTable = Owned & { term: string; contact_id: string }

export type ContactsTables = {
  contacts: ContactsTable
  contact_terms: ContactTermsTable
}
