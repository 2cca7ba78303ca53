import { z } from 'zod'
import { Agent } from '../agents/index.ts'
import { ChatPart, ChatReply, ChatRequest } from '../chat/index.ts'
import { Citation, Conversation, Handoff, Message } from '../conversations/index.ts'
import { idOutput, timeOutput } from '../wire.ts'

export const CreateWidgetKey = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Default: Widget.', examples: ['Shop'] }),
})

/** What a page chats with one agent by. */
export const WidgetKey = z
  .object({
    id: idOutput('widgetKey'),
    agent_id: idOutput('agent'),
    name: z.string(),
    key: z.string().meta({
      description: 'Public: it stands in the source of the page, so it is shown as often as you ask.',
      examples: ['ply_widget_…'],
    }),
    mode: z.enum(['live', 'sandbox']),
    status: z.enum(['active', 'revoked']),
    revoked_at: timeOutput.nullable(),
    created_by: z.string(),
    created_at: timeOutput,
  })
  .meta({ id: 'WidgetKey' })

export const WidgetKeyEventData = z.object({
  id: idOutput('widgetKey'),
  agent_id: idOutput('agent'),
  name: z.string(),
  actor: z.string().meta({ examples: ['api_key:key_01h455vb4pex5vsknk084sn02q'] }),
})

/** How a page shows the agent; nothing that the company keeps to itself. */
export const WidgetConfig = z
  .object({
    agent_id: idOutput('agent'),
    name: z.string(),
    status: Agent.shape.status.meta({ description: 'A paused agent answers nobody: hide it.' }),
    appearance: Agent.shape.appearance,
  })
  .meta({ id: 'WidgetConfig' })

const maxFacts = 20

/** Small on purpose: anybody can send it. */
export const StartVisit = z.strictObject({
  metadata: z
    .record(z.string().min(1).max(50), z.union([z.string().max(500), z.number(), z.boolean()]))
    .refine((facts) => Object.keys(facts).length <= maxFacts, `must have at most ${maxFacts} members`)
    .optional()
    .meta({
      description:
        'What the page says of the visit; kept as `metadata.visitor` of the conversation. Nobody has verified it.',
      examples: [{ page: '/pricing' }],
    }),
})

export const StartedVisit = z
  .object({
    conversation_id: idOutput('conversation'),
    conversation_secret: z.string().meta({
      description: 'The right to this one conversation. Shown once.',
      examples: ['cvs_…'],
    }),
    expires_at: timeOutput.meta({ description: 'Moves on while the secret is used: thirty days after its last day.' }),
  })
  .meta({ id: 'StartedVisit' })

// Why a person was asked for may tell how sure the agent was: that is the company's.
const VisitorHandoff = Handoff.pick({ state: true }).meta({ id: 'VisitorHandoff' })

export const VisitorConversation = Conversation.pick({
  id: true,
  status: true,
  last_message_at: true,
  created_at: true,
})
  .extend({ handoff: VisitorHandoff.nullable() })
  .meta({ id: 'VisitorConversation' })

const VisitorCitation = Citation.pick({ index: true, title: true, url: true, quote: true, at: true }).meta({
  id: 'VisitorCitation',
})

const shown = { citations: z.array(VisitorCitation), handoff: VisitorHandoff.nullable() }

export const VisitorMessage = Message.pick({
  id: true,
  role: true,
  content: true,
  status: true,
  in_reply_to: true,
  mode: true,
  created_at: true,
})
  .extend(shown)
  .meta({ id: 'VisitorMessage' })

export const VisitorQuestion = z.strictObject({
  message: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(4_000)
    .meta({ examples: ['How long does a refund take?'] }),
  stream: ChatRequest.shape.stream,
})

export const VisitorReply = ChatReply.pick({
  conversation_id: true,
  message_id: true,
  role: true,
  content: true,
  created_at: true,
  status: true,
  mode: true,
})
  .extend(shown)
  .meta({ id: 'VisitorReply' })

const [start, text, , , , failure] = ChatPart.options

/** One frame of a streamed answer: the parts of `/v1/chat`, without what is the company's. */
export const VisitorPart = z
  .discriminatedUnion('type', [
    start.omit({ agent_version_id: true }),
    text,
    z.object({ type: z.literal('citation'), citation: VisitorCitation }),
    z.object({ type: z.literal('handoff'), handoff: VisitorHandoff }),
    z.object({ type: z.literal('message-end'), message: VisitorReply }),
    failure,
  ])
  .meta({ id: 'VisitorPart' })
