import type { z } from 'zod'
import type { ChatPart, ChatReply } from './contract.ts'

export type Part = z.infer<typeof ChatPart>
export type Reply = z.infer<typeof ChatReply>

/** Tells the reader that an answer ends too early: the model failed, or the server is asked to stop. */
export const brokenOff: Part = {
  type: 'error',
  code: 'SERVICE_UNAVAILABLE',
  message: 'The answer was broken off before it was complete. Ask again.',
  retryable: true,
}

/**
 * The parts of a finished answer, the same ones in the same order as when it was first streamed, so that a reader who lost
 * the stream can be given the rest: text up to a place with citations, then those, and so on.
 */
export const partsOfMessage = (reply: Reply): Part[] => {
  const said: Part[] = []
  let from = 0
  for (const [at, citations] of Map.groupBy(reply.citations, (citation) => citation.at)) {
    said.push({ type: 'text-delta', text: reply.content.slice(from, at) })
    said.push(...citations.map((citation): Part => ({ type: 'citation', citation })))
    from = at
  }
  if (from < reply.content.length) said.push({ type: 'text-delta', text: reply.content.slice(from) })
  const start: Part = {
    type: 'message-start',
    conversation_id: reply.conversation_id,
    message_id: reply.message_id,
    role: reply.role,
    mode: reply.mode,
    agent_version_id: reply.agent_version_id,
  }
  const handoff: Part[] = reply.handoff ? [{ type: 'handoff', handoff: reply.handoff }] : []
  const broken: Part[] = reply.status === 'aborted' ? [brokenOff] : []
  return [start, ...said, ...handoff, ...broken, { type: 'message-end', message: reply }]
}
