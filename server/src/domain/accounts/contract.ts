import { z } from 'zod'
import { idOutput, metadataInput, metadataOutput, timeOutput } from '../wire.ts'

const nameInput = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ examples: ['Northwind Dental'] })

const planInput = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: "A plan, none of whose limits is wider than your own plan's.", examples: ['starter'] })

const referenceInput = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'Your own number for this client; two of yours cannot have the same.', examples: ['client-42'] })

export const CreateAccount = z.strictObject({
  name: nameInput,
  plan: planInput.optional().meta({ description: 'Default: your own plan.' }),
  reference: referenceInput.nullish(),
  metadata: metadataInput.optional(),
})

export const UpdateAccount = z.strictObject({
  name: nameInput.optional(),
  plan: planInput.optional(),
  status: z
    .enum(['active', 'suspended'])
    .optional()
    .meta({ description: '`suspended`: every request to this account or its sandbox is refused until it is active.' }),
  reference: referenceInput.nullish(),
  metadata: metadataInput.optional(),
})

export const Account = z
  .object({
    id: idOutput('workspace'),
    name: z.string(),
    mode: z.enum(['live', 'sandbox']),
    plan: z.object({
      id: z.string().meta({ examples: ['starter'] }),
      label: z.string().meta({ examples: ['Starter'] }),
    }),
    status: z.enum(['active', 'suspended']),
    sandbox_of: idOutput('workspace')
      .nullable()
      .meta({ description: 'The live workspace that this one is the sandbox of.' }),
    parent_id: idOutput('workspace').nullable().meta({ description: 'The agency workspace that this one belongs to.' }),
    reference: z
      .string()
      .nullable()
      .meta({
        description: "The agency's own number for this client. Shown to the agency alone.",
        examples: ['client-42'],
      }),
    metadata: metadataOutput.meta({ description: "The agency's own notes. Shown to the agency alone." }),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Account' })
