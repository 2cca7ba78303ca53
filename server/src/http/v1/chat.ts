import { ChatPart, ChatReply, ChatRequest } from '../../domain/chat/index.ts'
import { answerQuestion, type Shown } from '../answer-question.ts'
import { defineEndpoint } from '../endpoint.ts'

const everything: Shown = { part: (part) => part, reply: (reply) => reply }

export const chatEndpoints = [
  defineEndpoint({
    id: 'chat_send',
    method: 'POST',
    path: '/v1/chat',
    access: 'chat:write',
    tag: 'Chat',
    summary: 'Ask an agent, as a customer would',
    description:
      'Answers with citations that resolve to stored text, or hands over to a person. With `stream: true` or `Accept: text/event-stream` the answer comes as Server-Sent Events, one part a frame; to get the rest of a stream that broke, send the same request with `Last-Event-ID`. With an Idempotency-Key a repeated request gets the finished answer as JSON.',
    body: ChatRequest,
    responses: { 200: ChatReply },
    streams: ChatPart,
    errors: [404, 409, 503],
    idempotency: 'outside',
    handler: async (call) => answerQuestion(call, call.body, everything),
  }),
]
