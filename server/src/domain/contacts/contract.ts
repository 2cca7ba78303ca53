import { z } from 'zod'
import { idOutput, metadataInput, metadataOutput, timeOutput } from '../wire.ts'

const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['Alex Johnson'] })
const email = z
  .email('must be an e-mail address')
  .max(320)
  .meta({ examples: ['alex@acmecorp.com'] })
const phone = z
  .string()
  .trim()
  .regex(/^\+?[\d\s().-]{3,40}$/, 'must be a telephone number')
  .meta({ examples: ['+14155550123'] })
const company = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['Acme Corp'] })
const externalId = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'Your own id for this person; unique in the workspace.' })
const tag = z.string().trim().min(1).max(64)
const tags = z
  .array(tag)
  .max(50)
  .meta({ examples: [['prospect', 'proposal-sent']] })

const fields = {
  name: name.nullish(),
  email: email.nullish(),
  phone: phone.nullish(),
  company: company.nullish(),
  external_id: externalId.nullish(),
  tags: tags.optional(),
  metadata: metadataInput.optional(),
}

export const CreateContact = z.strictObject(fields)

/** Absent fields stay as they are; null empties one; `metadata` is replaced whole. */
export const UpdateContact = z.strictObject(fields)

export const Contact = z
  .object({
    id: idOutput('contact'),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    company: z.string().nullable(),
    external_id: z.string().nullable(),
    tags: z.array(z.string()),
    metadata: metadataOutput,
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Contact' })

export const ContactDeletedData = z.object({ id: idOutput('contact'), deleted_at: timeOutput })
