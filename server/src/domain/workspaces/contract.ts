import { z } from 'zod'
import { idOutput, timeOutput } from '../wire.ts'

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
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Account' })
