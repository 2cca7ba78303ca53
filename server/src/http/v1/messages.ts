import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import {
  CreateMessage,
  createMessage,
  getMessage,
  listMessages,
  Message,
  type MessagePageInput,
  presentMessage,
} from '../../domain/conversations/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const inConversation = z.object({ id: idInput('conversation') })
const tag = 'Messages'

const listQuery = z.strictObject({
  ...pageQuery,
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .meta({ description: '`asc`: oldest first. `desc`: newest first. Default: asc, or the order of the cursor.' }),
})

// The order travels in the cursor, so that a page begun one way cannot go on the other.
const pageOfMessages = (query: z.output<typeof listQuery>): MessagePageInput => {
  const { cursor, limit, order } = query
  if (cursor === undefined) return { ...pageOf('message', { limit }), order: order ?? 'asc' }
  const [given, rest = ''] = cursor.split('.', 2)
  if ((given !== 'asc' && given !== 'desc') || rest === '')
    throw new AppError('BAD_REQUEST', "'cursor' is not one that this list gave out.", { param: 'cursor' })
  if (order !== undefined && order !== given)
    throw new AppError('BAD_REQUEST', `'order' must be ${given}, as on the page that gave out this cursor.`, {
      param: 'order',
    })
  return { ...pageOf('message', { limit, cursor: rest }), order: given }
}

export const messageEndpoints = [
  defineEndpoint({
    id: 'conversations_list_messages',
    method: 'GET',
    path: '/v1/conversations/{id}/messages',
    access: 'messages:read',
    tag,
    summary: 'List the messages of a conversation, oldest first',
    params: inConversation,
    query: listQuery,
    responses: { 200: listOf(Message) },
    handler: async ({ ctx, params: { id }, query }) => {
      const page = pageOfMessages(query)
      const shown = presentPage('message', await listMessages(ctx, id, page), presentMessage)
      return ok({ ...shown, next_cursor: shown.next_cursor && `${page.order}.${shown.next_cursor}` })
    },
  }),
  defineEndpoint({
    id: 'conversations_create_message',
    method: 'POST',
    path: '/v1/conversations/{id}/messages',
    access: 'messages:write',
    tag,
    summary: 'Write a message into a conversation',
    description:
      'Stores what a member of your team writes, or what the customer wrote elsewhere. The agent does not answer it: for that, use POST /v1/chat. ' +
      'A person’s message takes over a conversation that was handed off; a customer’s message reopens a resolved one.',
    params: inConversation,
    body: CreateMessage,
    responses: { 201: Message },
    handler: async ({ ctx, params: { id }, body }) => created(presentMessage(await createMessage(ctx, id, body))),
  }),
  defineEndpoint({
    id: 'messages_get',
    method: 'GET',
    path: '/v1/messages/{id}',
    access: 'messages:read',
    tag,
    summary: 'Read a message',
    params: z.object({ id: idInput('message') }),
    responses: { 200: Message },
    handler: async ({ ctx, params: { id } }) => ok(presentMessage(await getMessage(ctx, id))),
  }),
]
