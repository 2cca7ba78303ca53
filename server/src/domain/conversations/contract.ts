import { z } from 'zod'
import { idInput, idOutput, metadataInput, metadataOutput, timeOutput } from '../wire.ts'

const contentMaxCharacters = 32_000

export const ConversationStatus = z.enum(['open', 'resolved'])
export const Priority = z.enum(['low', 'normal', 'high', 'urgent'])
export const HandoffState = z.enum(['requested', 'active']).meta({
  description: '`requested`: a person was asked for. `active`: a person is answering, and the agent keeps quiet.',
})
export const Channel = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be a name of lower-case letters, digits, dashes and underscores')
  .meta({ description: 'Where the customer writes.', examples: ['api', 'widget', 'email', 'sms'] })

const subject = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['Refund for order 1042'] })

export const CreateConversation = z.strictObject({
  contact_id: idInput('contact').nullish(),
  agent_id: idInput('agent').nullish().meta({ description: 'Default: the default agent of the workspace.' }),
  subject: subject.nullish(),
  priority: Priority.optional().meta({ description: 'Default: normal.' }),
  channel: Channel.optional().meta({ description: 'Where the customer writes. Default: api.' }),
  metadata: metadataInput.optional(),
})

/** Absent fields stay as they are; null empties one; `metadata` is replaced whole. */
export const UpdateConversation = z.strictObject({
  contact_id: idInput('contact').nullish(),
  subject: subject.nullish(),
  priority: Priority.optional(),
  metadata: metadataInput.optional(),
})

export const CreateMessage = z.strictObject({
  content: z
    .string()
    .min(1)
    .max(contentMaxCharacters)
    .refine((text) => text.trim() !== '', 'must not be blank')
    .meta({ examples: ['Your refund is on its way.'] }),
  role: z
    .enum(['human', 'user'])
    .optional()
    .meta({ description: '`human`: a member of your team writes. `user`: the customer wrote this. Default: human.' }),
})

export const Handoff = z
  .object({ state: HandoffState, reason: z.string().meta({ examples: ['not_covered'] }) })
  .meta({ id: 'Handoff' })

export const Citation = z
  .object({
    index: z.number().int().min(1).meta({ description: 'Counts from 1 within the message.' }),
    source_id: idOutput('knowledgeSource'),
    source_name: z.string(),
    document_id: idOutput('knowledgeDocument'),
    title: z.string().meta({ description: 'Where in the source: the document and the headings above the quote.' }),
    url: z.string().nullable(),
    quote: z.string().meta({ description: 'The stored text of the document from `start` to `end`, to the letter.' }),
    start: z.number().int().min(0),
    end: z.number().int().min(0),
    at: z.number().int().min(0).meta({
      description: 'Where in the message’s `content` the text that it supports ends: the place for a mark.',
    }),
  })
  .meta({ id: 'Citation' })

export const Conversation = z
  .object({
    id: idOutput('conversation'),
    contact_id: idOutput('contact').nullable(),
    agent_id: idOutput('agent'),
    channel: z.string(),
    subject: z.string().nullable(),
    status: ConversationStatus,
    priority: Priority,
    handoff: z
      .object({
        state: HandoffState,
        reason: z.string().meta({ examples: ['not_covered'] }),
        at: timeOutput.meta({ description: 'Since when it is in this state.' }),
      })
      .nullable(),
    metadata: metadataOutput,
    last_message_at: timeOutput.nullable(),
    resolved_at: timeOutput.nullable(),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'Conversation' })

export const Message = z
  .object({
    id: idOutput('message'),
    conversation_id: idOutput('conversation'),
    role: z
      .enum(['user', 'assistant', 'human'])
      .meta({ description: '`user`: the customer. `assistant`: the agent. `human`: a member of your team.' }),
    author: z.string().meta({
      description: 'Who wrote it; plain `contact` where nobody knows who the customer is.',
      examples: ['contact:cnt_01h455vb4pex5vsknk084sn02q'],
    }),
    content: z.string(),
    status: z.enum(['complete', 'aborted', 'failed']).meta({
      description: '`aborted`: the reader left, and this is what had been said. `failed`: the model broke off.',
    }),
    in_reply_to: idOutput('message').nullable(),
    agent_version_id: idOutput('agentVersion').nullable(),
    mode: z.enum(['extractive', 'llm', 'scripted']).nullable(),
    model: z.string().nullable(),
    confidence: z.number().min(0).max(1).nullable(),
    citations: z.array(Citation),
    handoff: Handoff.nullable().meta({ description: 'Set where this message passed the conversation to a person.' }),
    usage: z
      .object({
        prompt_tokens: z.number().int().min(0),
        completion_tokens: z.number().int().min(0),
        total_tokens: z.number().int().min(0),
      })
      .nullable(),
    created_at: timeOutput,
  })
  .meta({ id: 'Message' })
