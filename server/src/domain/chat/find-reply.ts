import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { type Ctx, reachesConversation, requireScope } from '../context.ts'
import type { Reply } from './parts-of-message.ts'

/** The reply that an assistant's stored message was. */
export const findReply = async (ctx: Ctx, messageId: string): Promise<Reply> => {
  requireScope(ctx, 'chat:write')
  const row = await ctx.db
    .selectFrom('messages')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', messageId)
    .where('role', '=', 'assistant')
    .executeTakeFirst()
  if (!row?.agent_version_id || !row.mode || !reachesConversation(ctx, row.conversation_id))
    throw notFound('answer', toWireId('message', messageId), 'Last-Event-ID')
  const prompt = row.prompt_tokens ?? 0
  const completion = row.completion_tokens ?? 0
  return {
    conversation_id: toWireId('conversation', row.conversation_id),
    message_id: toWireId('message', row.id),
    role: 'assistant',
    content: row.content,
    created_at: row.created_at.toISOString(),
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
    status: row.status === 'aborted' ? 'aborted' : 'complete',
    mode: row.mode,
    confidence: row.confidence,
    citations: JSON.parse(row.citations ?? '[]'),
    handoff: row.handoff ? JSON.parse(row.handoff) : null,
    agent_version_id: toWireId('agentVersion', row.agent_version_id),
  }
}
