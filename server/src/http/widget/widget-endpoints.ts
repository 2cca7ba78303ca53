import { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import { getConversation, listMessages } from '../../domain/conversations/index.ts'
import {
  getWidgetConfig,
  presentVisitorConversation,
  presentVisitorMessage,
  presentVisitorPart,
  presentVisitorReply,
  StartedVisit,
  StartVisit,
  startVisit,
  VisitorConversation,
  VisitorMessage,
  VisitorPart,
  VisitorQuestion,
  VisitorReply,
  WidgetConfig,
} from '../../domain/widget/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { answerQuestion, type Shown } from '../answer-question.ts'
import { created, defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('conversation') })
const tag = 'Widget'
const toVisitors: Shown = { part: presentVisitorPart, reply: presentVisitorReply }

export const widgetEndpoints = [
  defineEndpoint({
    id: 'widget_get_config',
    method: 'GET',
    path: '/widget/v1/config',
    access: 'widget_key',
    tag,
    summary: 'How to show the agent',
    responses: { 200: WidgetConfig },
    handler: async ({ ctx }) => ok(await getWidgetConfig(ctx)),
  }),
  defineEndpoint({
    id: 'widget_start_conversation',
    method: 'POST',
    path: '/widget/v1/conversations',
    access: 'widget_key',
    tag,
    summary: 'Open a conversation for a visitor',
    description:
      'The answer is the only place where `conversation_secret` is ever shown. It takes no Idempotency-Key: everybody has the widget key, so a kept answer could be told to another visitor.',
    body: StartVisit,
    responses: { 201: StartedVisit },
    errors: [409],
    // An answer that is kept could be told to another visitor, for the key is public.
    idempotency: 'none',
    handler: async ({ ctx, body, deps }) => {
      const { conversation, secret, expiresAt } = await startVisit(ctx, body, deps)
      return created({
        conversation_id: toWireId('conversation', conversation.id),
        conversation_secret: secret,
        expires_at: expiresAt.toISOString(),
      })
    },
  }),
  defineEndpoint({
    id: 'widget_get_conversation',
    method: 'GET',
    path: '/widget/v1/conversations/{id}',
    access: 'conversation_secret',
    tag,
    summary: 'Read your conversation',
    params,
    responses: { 200: VisitorConversation },
    handler: async ({ ctx, params: { id } }) => ok(presentVisitorConversation(await getConversation(ctx, id))),
  }),
  defineEndpoint({
    id: 'widget_list_messages',
    method: 'GET',
    path: '/widget/v1/conversations/{id}/messages',
    access: 'conversation_secret',
    tag,
    summary: 'List the messages of your conversation, oldest first',
    params,
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(VisitorMessage) },
    handler: async ({ ctx, params: { id }, query }) => {
      const page = { ...pageOf('message', query), order: 'asc' as const }
      return ok(presentPage('message', await listMessages(ctx, id, page), presentVisitorMessage))
    },
  }),
  defineEndpoint({
    id: 'widget_send_message',
    method: 'POST',
    path: '/widget/v1/conversations/{id}/messages',
    access: 'conversation_secret',
    tag,
    summary: 'Ask the agent',
    description:
      'Answers as `POST /v1/chat` does, in JSON or as Server-Sent Events with `Last-Event-ID`, without what is the company’s: confidence, usage, versions and the ids of sources.',
    params,
    body: VisitorQuestion,
    responses: { 200: VisitorReply },
    streams: VisitorPart,
    errors: [404, 409, 503],
    idempotency: 'outside',
    handler: async (call) => {
      const { params, body } = call
      return answerQuestion(call, { ...body, conversation_id: params.id }, toVisitors)
    },
  }),
]
