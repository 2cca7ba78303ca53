import { toWireId } from '../../base/ids.ts'
import type { Model } from '../../models/model.ts'
import type { GroundingEnd } from './grounded-answer.ts'
import type { Turn } from './open-turn.ts'
import type { Part, Reply } from './parts-of-message.ts'

/** An answer while it is being said. */
export type Draft = {
  messageId: string
  content: string
  citations: Reply['citations']
  status: 'complete' | 'aborted'
  end: GroundingEnd
}

export const emptyEnd: GroundingEnd = {
  declined: null,
  confidence: null,
  usage: { promptTokens: 0, completionTokens: 0 },
}

export const startPart = (turn: Turn, model: Model, messageId: string, role: Reply['role']): Part => ({
  type: 'message-start',
  conversation_id: toWireId('conversation', turn.conversation.id),
  message_id: toWireId('message', messageId),
  role,
  mode: model.mode,
  agent_version_id: toWireId('agentVersion', turn.agent.current_version_id),
})

type Said = { id: string; role: Reply['role']; at: Date; handoff: Reply['handoff'] }

/** The documented answer of a turn. */
export const replyOf = (
  turn: Turn,
  model: Model,
  said: Said,
  { content, citations, status, end }: Omit<Draft, 'messageId'>,
): Reply => ({
  conversation_id: toWireId('conversation', turn.conversation.id),
  message_id: toWireId('message', said.id),
  role: said.role,
  content,
  created_at: said.at.toISOString(),
  usage: {
    prompt_tokens: end.usage.promptTokens,
    completion_tokens: end.usage.completionTokens,
    total_tokens: end.usage.promptTokens + end.usage.completionTokens,
  },
  status,
  mode: model.mode,
  confidence: end.confidence,
  citations,
  handoff: said.handoff,
  agent_version_id: toWireId('agentVersion', turn.agent.current_version_id),
})
