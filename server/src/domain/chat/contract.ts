import { z } from 'zod'
import { Citation, Handoff } from '../conversations/index.ts'
import { idInput, idOutput, timeOutput } from '../wire.ts'

const contextMaxCharacters = 16_384

export const ChatRequest = z.strictObject({
  message: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(32_000)
    .meta({ examples: ['How do I verify a webhook signature?'] }),
  conversation_id: idInput('conversation')
    .nullish()
    .meta({ description: 'Go on with this conversation. Absent: a new one is opened.' }),
  agent_id: idInput('agent').nullish().meta({
    description:
      'The agent that answers. Absent: the agent of the conversation, or the default agent of the workspace.',
  }),
  contact_id: idInput('contact').nullish().meta({ description: 'The person who asks.' }),
  context: z
    .looseObject({ contact_id: idInput('contact').nullish() })
    .refine(
      (value) => JSON.stringify(value).length <= contextMaxCharacters,
      `must be at most ${contextMaxCharacters} characters as JSON`,
    )
    .optional()
    .meta({
      description:
        'Facts about the customer or the situation, as data. `contact_id` in it means the same as beside it.',
    }),
  stream: z
    .boolean()
    .optional()
    .meta({ description: 'Answer with Server-Sent Events. `Accept: text/event-stream` asks for the same.' }),
  action: z.literal('chat').optional(),
})

export const ChatReply = z
  .object({
    conversation_id: idOutput('conversation'),
    message_id: idOutput('message'),
    role: z.enum(['assistant', 'user']).meta({
      description: '`user` only while a person has taken over: the message was passed on and the agent said nothing.',
    }),
    content: z.string(),
    created_at: timeOutput,
    usage: z.object({
      prompt_tokens: z.number().int().min(0),
      completion_tokens: z.number().int().min(0),
      total_tokens: z.number().int().min(0),
    }),
    status: z.enum(['complete', 'aborted']),
    mode: z.enum(['extractive', 'llm', 'scripted']),
    confidence: z.number().min(0).max(1).nullable(),
    citations: z.array(Citation),
    handoff: Handoff.nullable(),
    agent_version_id: idOutput('agentVersion'),
  })
  .meta({ id: 'ChatReply' })

/** One frame of a streamed answer. The set is open: a reader ignores types it does not know. */
export const ChatPart = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('message-start'),
      conversation_id: idOutput('conversation'),
      message_id: idOutput('message'),
      role: z.enum(['assistant', 'user']),
      mode: z.enum(['extractive', 'llm', 'scripted']),
      agent_version_id: idOutput('agentVersion'),
    }),
    z.object({ type: z.literal('text-delta'), text: z.string() }),
    z.object({ type: z.literal('citation'), citation: Citation }),
    z.object({ type: z.literal('handoff'), handoff: Handoff }),
    z.object({ type: z.literal('message-end'), message: ChatReply }),
    z.object({ type: z.literal('error'), code: z.string(), message: z.string(), retryable: z.boolean() }),
  ])
  .meta({ id: 'ChatPart' })
