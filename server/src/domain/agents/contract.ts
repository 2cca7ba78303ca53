import { domainToASCII } from 'node:url'
import { z } from 'zod'
import { idInput, idOutput, timeOutput } from '../wire.ts'

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ examples: ['Support'] })
const instructions = z
  .string()
  .max(32_000)
  .meta({ description: 'How the agent should answer: tone, policies, what to leave to people.' })
const sourceIds = z.array(idInput('knowledgeSource')).max(500)
const allSources = 'The knowledge sources that the agent may quote; null means all of the workspace.'
const probability = z.number().min(0).max(1)
const handoffMessage = z.string().trim().min(1).max(2_000).meta({
  description:
    'What the customer is told when the agent passes the question to a person. Left as it is at first, each reason has a sentence of its own.',
})
const colour = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, 'must be a colour like #4f46e5')
  .meta({ examples: ['#4f46e5'] })
const position = z.enum(['bottom-right', 'bottom-left', 'top-right', 'top-left'])
const template = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be a name of lower-case letters, digits and dashes')
const model = z.enum(['default', 'extractive']).meta({
  description: '`default`: the model this server is set up with. `extractive`: quotes the sources word for word.',
})
const status = z.enum(['active', 'paused'])

const thresholds = {
  answer: probability.meta({
    description:
      'From this confidence on, the agent answers. Below it, a quotation is held back and a written answer stands, and a person is asked for.',
  }),
}
const appearance = { primary_color: colour, secondary_color: colour, position, template }

const fields = {
  instructions: instructions.optional(),
  knowledge_source_ids: sourceIds.nullish().meta({ description: allSources }),
  thresholds: z.strictObject(thresholds).partial().optional(),
  handoff_message: handoffMessage.optional(),
  appearance: z.strictObject(appearance).partial().optional(),
  model: model.optional(),
  status: status.optional().meta({ description: 'A paused agent answers nobody. The status is no part of a version.' }),
  is_default: z
    .literal(true)
    .optional()
    .meta({ description: 'Makes this the agent that answers where none is named. The one before steps down.' }),
}

export const CreateAgent = z.strictObject({ name, ...fields })

/** Absent fields stay as they are; `thresholds` and `appearance` are merged, lists are replaced whole. */
export const UpdateAgent = z.strictObject({ name: name.optional(), ...fields })

const configuration = {
  name: z.string(),
  instructions: z.string(),
  knowledge_source_ids: z.array(idOutput('knowledgeSource')).nullable().meta({ description: allSources }),
  thresholds: z.object(thresholds),
  handoff_message: z.string(),
  appearance: z.object({ primary_color: z.string(), secondary_color: z.string(), position, template: z.string() }),
  model,
}

export const Agent = z
  .object({
    id: idOutput('agent'),
    ...configuration,
    status,
    is_default: z.boolean(),
    version: z.object({ id: idOutput('agentVersion'), number: z.number().int().min(1) }),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Agent' })

/** What exactly an agent was told at one time; never changes. */
export const AgentVersion = z
  .object({
    id: idOutput('agentVersion'),
    agent_id: idOutput('agent'),
    number: z.number().int().min(1),
    configuration: z.object(configuration),
    created_by: z.string().meta({ description: 'Who made this version, for example `api_key:key_…`.' }),
    created_at: timeOutput,
  })
  .meta({ id: 'AgentVersion' })

const hostPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** A host name as people write it; in lower case and ASCII inside. */
export const domainInput = z
  .string()
  .max(253)
  .transform((text, issue): string => {
    // The URL parser behind it would silently drop a path or a port.
    const host = /[/:?#@\\]/.test(text) ? '' : domainToASCII(text.trim())
    if (host.length <= 253 && hostPattern.test(host)) return host
    issue.addIssue({ code: 'custom', message: 'must be a host name like support.example.com' })
    return z.NEVER
  })
  .meta({
    description: 'A host name without scheme, port or path. Subdomains are hosts of their own.',
    examples: ['support.example.com'],
  })

export const AddAllowedDomain = z.strictObject({ domain: domainInput })

/** A site that may show the agent. */
export const AllowedDomain = z
  .object({ agent_id: idOutput('agent'), domain: z.string(), created_at: timeOutput })
  .meta({ id: 'AllowedDomain' })

export const AllowedDomainRemovedData = z.object({
  agent_id: idOutput('agent'),
  domain: z.string(),
  deleted_at: timeOutput,
})
